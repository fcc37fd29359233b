// The OAuth provider of better-auth on loopback; ../loopback.mjs says how it is started. Everything is as shipped (PKCE
// required, refresh tokens rotate, EdDSA ID tokens), with the data in memory. better-auth leaves the pages for login
// and consent to its user; these here hand on what its own client would send.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { ALICE, announce, form, listen, page, settings } from '../loopback.mjs';

const { betterAuth } = await import('better-auth');
const { memoryAdapter } = await import('better-auth/adapters/memory');
const { toNodeHandler } = await import('better-auth/node');
const { jwt } = await import('better-auth/plugins');
const { oauthProvider, oauthProviderOpenIdConfigMetadata } = await import('@better-auth/oauth-provider');

const PASSWORD = randomBytes(16).toString('hex');
const { server, origin } = await listen();
const issuer = `${origin}/api/auth`;
const MODELS = ['user', 'session', 'account', 'verification', 'jwks', 'oauthClient', 'oauthRefreshToken',
  'oauthAccessToken', 'oauthConsent', 'oauthClientAssertion', 'oauthResource', 'oauthClientResource'];

const auth = betterAuth({
  baseURL: origin,
  secret: randomBytes(32).toString('hex'),
  database: memoryAdapter(Object.fromEntries(MODELS.map((model) => [model, []]))),
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  disabledPaths: ['/token'],
  plugins: [
    jwt(),
    oauthProvider({
      loginPage: '/login',
      consentPage: '/consent',
      accessTokenExpiresIn: settings.access_token_ttl ?? 3600,
      storeClientSecret: { hash: async (secret) => secret },
      customIdTokenClaims: () => ALICE,
      silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
    }),
  ],
});

await auth.api.signUpEmail({ body: { ...ALICE, password: PASSWORD } });
const { adapter } = await auth.$context;
for (const client of settings.clients ?? []) {
  await adapter.create({
    model: 'oauthClient',
    data: {
      clientId: client.client_id,
      clientSecret: client.client_secret,
      tokenEndpointAuthMethod: client.token_endpoint_auth_method,
      redirectUris: client.redirect_uris,
      postLogoutRedirectUris: client.post_logout_redirect_uris,
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      grantTypes: ['authorization_code', 'refresh_token'],
      responseTypes: ['code'],
      enableEndSession: true,
      requirePKCE: true,
      public: false,
      disabled: false,
    },
  });
}

const metadata = oauthProviderOpenIdConfigMetadata(auth);
const handler = toNodeHandler(auth);

/// What the pages send on: the path below the issuer and the body.
const PAGES = {
  '/login': () => ['/sign-in/email', { email: ALICE.email, password: PASSWORD }],
  '/consent': (fields) => ['/oauth2/consent', { accept: fields.get('decision') === 'allow' }],
};

async function answer(request, response) {
  const { pathname, search } = new URL(request.url, origin);
  if (pathname === '/api/auth/.well-known/openid-configuration') {
    await send(await metadata(new Request(issuer)), response);
  } else if (!PAGES[pathname]) {
    await handler(request, response);
  } else if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(page('Sign in'));
  } else {
    const [path, body] = PAGES[pathname](await form(request));
    const sent = await auth.handler(new Request(issuer + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, cookie: request.headers.cookie ?? '' },
      body: JSON.stringify({ ...body, oauth_query: search.slice(1) }),
    }));
    const { url } = await sent.clone().json();
    await (url ? send(new Response(null, { status: 303, headers: sent.headers }), response, url) : send(sent, response));
  }
}

async function send(from, response, location) {
  response.statusCode = from.status;
  for (const [name, value] of from.headers) {
    if (name === 'set-cookie') response.appendHeader(name, value);
    else if (name !== 'content-length') response.setHeader(name, value);
  }
  if (location) response.setHeader('location', location);
  if (from.body) Readable.fromWeb(from.body).pipe(response);
  else response.end();
}

server.on('request', (request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end('the request failed');
  });
});
announce(issuer);
