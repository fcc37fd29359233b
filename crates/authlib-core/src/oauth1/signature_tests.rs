use super::*;
use crate::message::Request;
use crate::oauth1::base_string::base_string_with;
use crate::oauth1::credentials::RsaKeyError;
use crate::params::Params;

fn client(secret: &str) -> ClientCredentials {
    let secret = Secret::new(secret);
    ClientCredentials { identifier: "ck".to_owned(), secret, rsa_key: None }
}

/// A request, with its protocol parameters as a query string.
struct Example<'a> {
    method: &'static str,
    uri: &'static str,
    form: &'static str,
    oauth: &'a str,
    secrets: (&'static str, Option<&'static str>),
}

impl Example<'_> {
    fn signed_with(&self, method: SignatureMethod) -> String {
        let mut request = Request::new(self.form.to_owned().into());
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = self.uri.parse().unwrap();
        let form = http::HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(http::header::CONTENT_TYPE, form);
        let base_string = base_string_with(&request, &Params::parse(self.oauth)).unwrap();
        let token_secret = self.secrets.1.map(Secret::new);
        let signature =
            method.sign(base_string.as_bytes(), &client(self.secrets.0), token_secret.as_ref());
        signature.unwrap().expose().to_owned()
    }

    fn check(&self, expected: &str) {
        assert_eq!(self.signed_with(SignatureMethod::HmacSha1), expected, "{}", self.oauth);
    }
}

const PHOTOS: &str = "http://photos.example.net/photos?file=vacation.jpg&size=original";

/// The three signed requests of RFC 5849 §1.2, and the example of OAuth Core 1.0, appendix A.5.
#[test]
fn specification_examples_match() {
    for (method, uri, oauth, token_secret, expected) in [
        (
            "POST",
            "https://photos.example.net/initiate",
            "oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131200&oauth_nonce=wIjqoS\
             &oauth_callback=http%3A%2F%2Fprinter.example.com%2Fready",
            None,
            "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
        ),
        (
            "POST",
            "https://photos.example.net/token",
            "oauth_token=hh5s93j4hdidpola&oauth_signature_method=HMAC-SHA1\
             &oauth_timestamp=137131201&oauth_nonce=walatlh&oauth_verifier=hfdp7dh39dks9884",
            Some("hdhd0244k9j7ao03"),
            "gKgrFCywp7rO0OXSjdot/IHF7IU=",
        ),
        (
            "GET",
            PHOTOS,
            "oauth_token=nnch734d00sl2jdk&oauth_signature_method=HMAC-SHA1\
             &oauth_timestamp=137131202&oauth_nonce=chapoH",
            Some("pfkkdhi9sl3r4s00"),
            "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
        ),
        (
            "GET",
            PHOTOS,
            "oauth_token=nnch734d00sl2jdk&oauth_signature_method=HMAC-SHA1\
             &oauth_timestamp=1191242096&oauth_nonce=kllo9940pd9333jh&oauth_version=1.0",
            Some("pfkkdhi9sl3r4s00"),
            "tR3+Ty81lMeYAr/Fid0kMTYa/WM=",
        ),
    ] {
        let oauth = &format!("oauth_consumer_key=dpf43f3p2l4k3l03&{oauth}");
        let secrets = ("kd94hf93k423kf44", token_secret);
        Example { method, uri, form: "", oauth, secrets }.check(expected);
    }
}

/// H18 and B10: secrets, names and values that need escapes, computed apart from any library.
#[test]
fn percent_escapes_are_signed_correctly() {
    const OAUTH: &str = "oauth_nonce=n-7&oauth_timestamp=1700000000&oauth_version=1.0\
        &oauth_signature_method=HMAC-SHA1&oauth_consumer_key=ck%261&oauth_token=tk\
        &oauth_verifier=v%2F2";
    let full = Example {
        method: "POST",
        uri: "https://API.Example.test:443/a%20b/C?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        form: "c2=&a3=2+q",
        oauth: OAUTH,
        secrets: ("s~e c", Some("t&s")),
    };
    full.check("IQ/+QPlqtWT95ncFOyJhkHmLhfc=");
    assert_eq!(
        full.signed_with(SignatureMethod::HmacSha256),
        "26Ms+qxxKXNRwGGbXlG7a2FfxNoyD1NRBl+1+AaIFKk="
    );
    assert_eq!(full.signed_with(SignatureMethod::Plaintext), "s~e%20c&t%26s");
    let bare =
        Example { uri: "https://api.example.test:8443", form: "", secrets: full.secrets, ..full };
    bare.check("0xYbcjDBv7UtwJOE/HjFMZfYQNU=");
    assert_eq!(
        bare.signed_with(SignatureMethod::HmacSha256),
        "VM1ZbmhidNE9ELje4WF9chvx4fUr8WawJoens14IEH4="
    );
    Example {
        method: "POST",
        uri: "https://api.example.test/request_token",
        form: "",
        oauth: "oauth_nonce=n-8&oauth_timestamp=1700000001&oauth_version=1.0\
                &oauth_signature_method=HMAC-SHA1&oauth_consumer_key=ck\
                &oauth_callback=https%3A%2F%2Fapp.example.test%2Fcb%3Fnext%3D%252Fhome",
        secrets: ("cs", None),
    }
    .check("TM0yQpCEeev0aH8JSyeTlmPJtEc=");
}

/// RFC 5849 §2.1 and §2.3, with and without a token.
#[test]
fn plaintext_signature_joins_both_secrets() {
    for (token_secret, expected) in
        [(None, "ja893SD9&"), (Some("xyz4992k83j47x0b"), "ja893SD9&xyz4992k83j47x0b")]
    {
        let token_secret = token_secret.map(Secret::new);
        let signature =
            SignatureMethod::Plaintext.sign(b"any", &client("ja893SD9"), token_secret.as_ref());
        assert_eq!(signature.unwrap().expose(), expected);
    }
}

#[test]
fn hmac_sha512_has_64_bytes_and_depends_on_key() {
    let sign = |secret| {
        let signature = SignatureMethod::HmacSha512.sign(b"x", &client(secret), None);
        STANDARD.decode(signature.unwrap().expose()).unwrap()
    };
    assert_eq!(sign("a").len(), 64);
    assert_ne!(sign("a"), sign("b"));
}

/// B10 and T123: signatures by OpenSSL over the same base string, with a key in both of its formats.
#[test]
fn rsa_signatures_match_openssl() {
    let base_string = Secret::new(
        "GET&http%3A%2F%2Fphotos.example.net%2Fphotos&file%3Dvacaction.jpg\
         %26oauth_consumer_key%3Ddpf43f3p2l4k3l03",
    );
    for pem in [PKCS8, PKCS1] {
        let rsa_key = RsaKey::parse(&Secret::new(pem)).unwrap();
        let client = ClientCredentials { rsa_key: Some(rsa_key), ..client("unused") };
        for (method, expected) in [
            #[cfg(feature = "oauth1-rsa-sha1")]
            (SignatureMethod::RsaSha1, RSA_SHA1),
            (SignatureMethod::RsaSha256, RSA_SHA256),
            (SignatureMethod::RsaSha512, RSA_SHA512),
        ] {
            let signature =
                method.sign(base_string.expose().as_bytes(), &client, Some(&Secret::new("unused")));
            assert_eq!(signature.unwrap().expose(), expected, "{method}");
        }
    }
}

#[test]
fn rsa_without_a_key_names_the_setting() {
    for method in [SignatureMethod::RsaSha1, SignatureMethod::RsaSha256, SignatureMethod::RsaSha512]
    {
        let error = method.sign(b"x", &client("s"), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`private_key`"), "{error}");
    }
}

#[test]
fn invalid_rsa_keys_are_rejected() {
    let ec = crate::crypto::test_keys::Signer::new("ES256").private_pem();
    for (text, expected) in [
        ("", RsaKeyError::Format),
        ("secret", RsaKeyError::Format),
        ("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----", RsaKeyError::Format),
        ("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----", RsaKeyError::Key),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----",
            RsaKeyError::Encrypted,
        ),
        (&ec, RsaKeyError::Key),
    ] {
        assert_eq!(RsaKey::parse(&Secret::new(text)).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn signature_methods_parse_from_names() {
    for (method, name) in SignatureMethod::ALL {
        assert_eq!(method.to_string(), name);
        assert_eq!(SignatureMethod::from_name(name), Some(method));
        assert_eq!(SignatureMethod::from_name(&name.to_ascii_lowercase()), Some(method));
    }
    assert_eq!(SignatureMethod::default().name(), "HMAC-SHA1");
    assert_eq!(SignatureMethod::from_name("none"), None);
    assert_eq!(SignatureMethod::from_name(""), None);
}

#[cfg(feature = "oauth1-rsa-sha1")]
const RSA_SHA1: &str = "ZebIzYqx4G4+hczFBlWh097r0u8m5Lz/6VUQCz3V2FrxlquO1Ux8fQ9SQego+sbcR1Hii/s/qnooPZFzAsIK\
     WhETwRAcWLYmB6HBML4fNnUV6IxK0m1wb/gCDdyTVMVFfeZ0wXs6GYvsMUI5LGLxrgfCiE21Vj5J5/tyE56Y\
     FrC+i+4hugACF6zu6yhBONTraGwCAaMQ436luEsbw40m4FT5sB6qGQOcVvbiVMYZSz7sLo+8MsE/EYy8CDVJ\
     9rHediQjn4zil91zUoD4an+Bp9QCRadxcuvybykIG+WqxRq255cZLT9k+A918v4G3zmEtR/+AFxoZ80wl0dm\
     IKF30g==";

const RSA_SHA256: &str = "RRlixUuhyCjqepMwarZFt/Ir+NblVK111X0MOG6sk+pB2IV508us7xP9RDU9Jt5mARz6JV1052iB3YhuU5/M\
     3CMfbhz1ZJA29CXIvzPnrgvoYbjprJa1A+Mj2kgGr92SnDxUFvXq5MiXOBXY1zJUVnBmG3U9P7+gtOHza2Zi\
     IrQHC/1/RfIGUePCJ2e4TB5Q6clA7jGK7YL76Vy/qyHxgkJl7QSbZXFq/okhaSa7zyMUIBY11zhJ9PyLcxtS\
     8vBtFFb8c/zm5CbBGpXx30K25AKb8MlClIUwbsBid7oiGTW4M37FaoWAIbmCcxPAiajD/ebYmPlKlSipLNKx\
     s+J6jw==";

const RSA_SHA512: &str = "SnrQ6q0EvHWeWDHEUJ1HTU26M++p7+CIBtxak0dI0Hnhi2fbITZOG9pKVcDsBADzYNJKtjD3hOrGfmyk+Sww\
     1L7YuVbmjG6YfuIKOC+QbehNLQdolFbNLQujLrUGZN+zvjA61Esorh6waq8RegCJRRdJGC2NEoyYSJ0A61xl\
     tPi7K3egXCLfuM87g2QrNLbXXNY65CVisfGxLNmsfs1dQTtzu5P9n1fWtim5nuCHzzuA/qyeFB/EUKuPltMb\
     EZW3CMIr0SewNzR34toYicw8jogfvgzvTbJPN9nTNs9O+ZJZtakUhYzLc2Cb6r5fo6Gnf2D+ey3RXNusVX04\
     TOu8wg==";

/// A key for these tests only, in both formats.
const PKCS8: &str = include_str!("../../tests/client-keys/oauth1-rsa.pem");
const PKCS1: &str = include_str!("../../tests/client-keys/oauth1-rsa.pkcs1.pem");
