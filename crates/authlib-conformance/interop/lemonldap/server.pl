# LemonLDAP::NG from Debian's packages, which are unpacked into `packages`, on loopback; ../loopback.py says how it is
# started and documents the settings. Everything is as shipped, but for:
#   - the OpenID Connect issuer is enabled, PKCE is required, and the client gets refresh tokens;
#   - consent is not asked for (see `other_providers.rs`);
#   - what would send mail or draw captchas is off, because the packages for it are not installed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/packages/usr/share/perl5";
use Crypt::OpenSSL::RSA;
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use HTTP::Server::PSGI;
use IO::Socket::INET;
use JSON qw(decode_json encode_json);

my $settings = decode_json( $ARGV[0] || $ENV{INTEROP_CONFIG} || '{}' );
my $socket   = IO::Socket::INET->new(
    LocalAddr => '127.0.0.1',
    LocalPort => $settings->{port} || 0,
    Listen    => 64,
) or die "no port: $!";
my $issuer = 'http://127.0.0.1:' . $socket->sockport;

# Its configuration, sessions and caches are files. A second process waits for the end of standard input, ends this one
# and removes them.
my ( $folder, $server ) = ( tempdir(), $$ );
if ( !( fork // die "no second process: $!" ) ) {
    close $socket;
    1 while read STDIN, my $ignored, 1024;
    kill 'KILL', $server if getppid == $server;
    remove_tree($folder);
    exit;
}
mkdir "$folder/$_" for qw(cache lock sessions);

my $key     = Crypt::OpenSSL::RSA->generate_key(2048);
my $packages = "$FindBin::Bin/packages";
my %session = ( Directory => "$folder/sessions", LockDirectory => "$folder/lock" );
my %cache   = ( cache_root => "$folder/cache", cache_depth => 1 );
$ENV{LLNG_DEFAULTCONFFILE} = "$folder/lemonldap-ng.ini";
open my $file, '>', $ENV{LLNG_DEFAULTCONFFILE} or die "no configuration: $!";
print {$file} <<"END";
[all]
logLevel = warn
[configuration]
type = File
dirName = $packages/var/lib/lemonldap-ng/conf
localStorage = Cache::FileCache
localStorageOptions = {'namespace' => 'conf', 'cache_root' => '$folder/cache', 'cache_depth' => 1}
[portal]
[handler]
END
close $file;

my ( %options, %claims );
for my $client ( @{ $settings->{clients} || [] } ) {
    my $name = $client->{client_id};
    my %of   = (
        ClientID               => $name,
        ClientSecret           => $client->{client_secret},
        RedirectUris           => join( ' ', @{ $client->{redirect_uris} } ),
        PostLogoutRedirectUris => join( ' ', @{ $client->{post_logout_redirect_uris} } ),
        IDTokenSignAlg         => 'RS256',
        IDTokenForceClaims     => 1,
        AccessTokenExpiration  => $settings->{access_token_ttl} || 3600,
        RefreshToken           => 1,
        RequirePKCE            => 1,
        BypassConsent          => 1,
    );
    $options{$name} = { map { ( "oidcRPMetaDataOptions$_" => $of{$_} ) } keys %of };
    $claims{$name}  = { name => 'cn', email => 'mail' };
}

# It loads the module without need.
$INC{'GD/SecurityImage.pm'} = __FILE__;
require Lemonldap::NG::Portal::Main;
require Lemonldap::NG::Portal::UserDB::Demo;
no warnings 'once';
%Lemonldap::NG::Portal::UserDB::Demo::demoAccounts =
  ( alice => { uid => 'alice', cn => 'Alice Example', mail => 'alice@example.com' } );

my $app = Lemonldap::NG::Portal::Main->run(
    {
        portal                          => "$issuer/",
        domain                          => '127.0.0.1',
        securedCookie                   => 0,
        https                           => 0,
        templateDir                     => "$packages/usr/share/lemonldap-ng/portal/templates",
        staticPrefix                    => '/static',
        languages                       => 'en',
        authentication                  => 'Demo',
        userDB                          => 'Same',
        passwordDB                      => 'Null',
        registerDB                      => 'Null',
        portalDisplayRegister           => 0,
        portalDisplayResetPassword      => 0,
        demoExportedVars                => { cn => 'cn', mail => 'mail', uid => 'uid' },
        globalStorage                   => 'Apache::Session::File',
        globalStorageOptions            => \%session,
        persistentStorage               => 'Apache::Session::File',
        persistentStorageOptions        => \%session,
        localSessionStorage             => 'Cache::FileCache',
        localSessionStorageOptions      => { %cache, namespace => 'sessions' },
        issuerDBOpenIDConnectActivation => 1,
        oidcServiceMetaDataIssuer       => $issuer,
        oidcServicePrivateKeySig        => $key->get_private_key_string,
        oidcServicePublicKeySig         => $key->get_public_key_x509_string,
        oidcServiceKeyIdSig             => '1',
        oidcRPMetaDataOptions           => \%options,
        oidcRPMetaDataExportedVars      => \%claims,
    }
);
print encode_json( { issuer => $issuer } ), "\n";
STDOUT->flush;
HTTP::Server::PSGI->new( listen_sock => $socket, host => '127.0.0.1', port => $socket->sockport )->run($app);
