//! TLS connections that may have a client certificate, self-signed or of the CA (RFC 8705 §2).

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    self, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};
use tokio_rustls::server::TlsStream;

use crate::certificates::{CA, SERVER, SERVER_KEY};
use crate::peer_certificate::PeerCertificate;

/// Accepts TLS connections.
#[derive(Clone)]
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    /// Decides whether a certificate is of the CA.
    of_ca: Arc<dyn ClientCertVerifier>,
}

impl Tls {
    /// With `asks`, clients may send a certificate.
    pub(super) fn new(asks: bool) -> io::Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(certificate(CA)?).map_err(io::Error::other)?;
        let of_ca =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        let of_ca = of_ca.map_err(io::Error::other)?;
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let config = match asks {
            true => config.with_client_cert_verifier(Arc::new(AnyCertificate(provider))),
            false => config.with_no_client_auth(),
        };
        let key = PrivateKeyDer::from_pem_slice(SERVER_KEY.as_bytes()).map_err(io::Error::other)?;
        let config = config.with_single_cert(vec![certificate(SERVER)?], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.map_err(io::Error::other)?));
        Ok(Self { acceptor, of_ca })
    }

    /// The connection, and the certificate of its client.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<(TlsStream<TcpStream>, Option<PeerCertificate>)> {
        let stream = self.acceptor.accept(stream).await?;
        let peer = stream.get_ref().1.peer_certificates().unwrap_or_default().split_first();
        let peer = peer.map(|(own, chain)| {
            let verified = self.of_ca.verify_client_cert(own, chain, UnixTime::now());
            PeerCertificate::new(own.to_vec(), verified.is_ok())
        });
        Ok((stream, peer))
    }
}

fn certificate(pem: &str) -> io::Result<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(io::Error::other)
}

/// Accepts every client certificate whose key the client has, and clients without one: the endpoint decides.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
