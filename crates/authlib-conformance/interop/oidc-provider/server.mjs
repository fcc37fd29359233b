// A certified OpenID provider on loopback for the interop tests.
//
//   node server.mjs '{"port": 0, "clients": [{"client_id": "app", ...}]}'
//
// ../loopback.mjs says how it is started. The settings:
//   port              where to listen, 0 (the default) for any free port
//   clients           client metadata in the words of RFC 7591; what is left out gets the defaults below
//   access_token_ttl  lifetime of access tokens in seconds, 3600 by default
//   rotate            whether each refresh replaces the refresh token, true by default
//   features          what to enable, by oidc-provider's names (see FEATURES), nothing by default
//   resources         {URL: resource server} for resourceIndicators; of each: scope (all that it knows), and
//                     accessTokenFormat, opaque (the default) or jwt
//   tls               key, cert and ca (PEM): serves https, and on a second port with the endpoints for mutual TLS, which asks
//                     for client certificates; that has a port of its own, so port must be 0
//   fapi              the FAPI profile of all requests: 2.0 or 1.0 Final
//   initial_access_token  what dynamic registration asks for; without it anybody may register
//
// A login is one form: POST /interaction/UID with `login` (alice or bob) and `decision` (allow or deny). A device
// is approved on pages too: the verification_uri_complete is a form, the next page another one, then comes the login.
// A backchannel login (CIBA) is decided by POST /backchannel-decision with the same fields; the response lists the pings that the
// clients were sent since then, which go nowhere else.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { announce, form, listen, settings } from '../loopback.mjs';

const { Provider, errors } = await import('oidc-provider');

const USERS = {
  alice: {
    name: 'Alice Example',
    given_name: 'Alice',
    family_name: 'Example',
    preferred_username: 'alice',
    email: 'alice@example.com',
    email_verified: true,
  },
  bob: {
    name: 'Bob Example',
    given_name: 'Bob',
    family_name: 'Example',
    preferred_username: 'bob',
    email: 'bob@example.com',
    email_verified: false,
  },
};

const CLIENT_DEFAULTS = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  id_token_signed_response_alg: 'RS256',
  token_endpoint_auth_method: 'client_secret_basic',
};

// The latest backchannel login of each user, and the pings to clients.
const asked = new Map();
const pings = [];

// What `features` of the settings may name, and what enables it.
const FEATURES = {
  ciba: {
    deliveryModes: ['poll', 'ping'],
    processLoginHint: (_ctx, hint) => hint,
    triggerAuthenticationDevice: (_ctx, request) => { asked.set(request.accountId, request); },
    validateRequestContext: () => {},
    verifyUserCode: () => {},
  },
  clientCredentials: {},
  dPoP: { nonceSecret: randomBytes(32), requireNonce: () => true },
  encryption: {},
  deviceFlow: { userCodeInputSource, userCodeConfirmSource, successSource },
  introspection: {},
  jwtIntrospection: {},
  jwtResponseModes: {},
  jwtUserinfo: {},
  mTLS: {
    certificateBoundAccessTokens: true,
    selfSignedTlsClientAuth: true,
    tlsClientAuth: true,
    getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.()?.toString(),
    certificateAuthorized: (ctx) => ctx.socket.authorized === true,
    certificateSubjectMatches,
  },
  pushedAuthorizationRequests: {},
  registration: {},
  registrationManagement: {},
  requestObjects: {},
  resourceIndicators: {
    defaultResource: () => undefined,
    getResourceServerInfo: resourceServer,
    useGrantedResource: () => true,
  },
};

const SIGNING_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

function signingKey(kid, type, options) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig' };
}

function encryptionKey() {
  return { ...signingKey('enc', 'rsa', { modulusLength: 2048 }), use: 'enc' };
}

// The subject as RFC 4514 writes it: the last part first.
function certificateSubjectMatches(ctx, property, expected) {
  const { subject } = ctx.socket.getPeerX509Certificate();
  return property === 'tls_client_auth_subject_dn' && subject.split('\n').reverse().join(',') === expected;
}

function authMethods() {
  const always = ['none', 'client_secret_basic', 'client_secret_jwt', 'client_secret_post', 'private_key_jwt'];
  const mutual = (settings.features ?? []).includes('mTLS');
  return mutual ? [...always, 'tls_client_auth', 'self_signed_tls_client_auth'] : always;
}

// RFC 8705 §5.
function aliases(origin) {
  const paths = {
    token_endpoint: '/token',
    introspection_endpoint: '/token/introspection',
    revocation_endpoint: '/token/revocation',
    pushed_authorization_request_endpoint: '/request',
    userinfo_endpoint: '/me',
  };
  const urls = Object.entries(paths).map(([name, path]) => [name, `${origin}${path}`]);
  return { mtls_endpoint_aliases: Object.fromEntries(urls) };
}

function features() {
  // On by default in oidc-provider; here every test says what it needs.
  const chosen = { resourceIndicators: { enabled: false } };
  for (const name of settings.features ?? []) {
    if (!FEATURES[name]) throw new Error(`${name} is no feature of these tests`);
    chosen[name] = { ...FEATURES[name], enabled: true };
  }
  if (settings.fapi) chosen.fapi = { enabled: true, profile: settings.fapi };
  if (chosen.registration) chosen.registration.initialAccessToken = settings.initial_access_token ?? false;
  return chosen;
}

// RFC 8707 §2: a resource that is not known is an invalid target.
function resourceServer(_ctx, indicator) {
  const resource = settings.resources?.[indicator];
  if (!resource) throw new errors.InvalidTarget();
  return { accessTokenFormat: 'opaque', audience: indicator, ...resource };
}

function configuration(mutual) {
  return {
    discovery: mutual ? aliases(mutual.origin) : {},
    clients: (settings.clients ?? []).map((client) => ({ ...CLIENT_DEFAULTS, ...client })),
    jwks: {
      keys: [
        signingKey('rsa', 'rsa', { modulusLength: 2048 }),
        signingKey('ec', 'ec', { namedCurve: 'P-256' }),
        signingKey('ed', 'ed25519', {}),
        ...((settings.features ?? []).includes('encryption') ? [encryptionKey()] : []),
      ],
    },
    enabledJWA: { idTokenSigningAlgValues: SIGNING_ALGORITHMS },
    clientAuthMethods: authMethods(),
    fetch: recordPing,
    cookies: { keys: [randomBytes(32).toString('hex')] },
    // RFC 6750 §2.3, which it leaves out by default.
    acceptQueryParamAccessTokens: true,
    scopes: ['openid', 'offline_access', 'profile', 'email', 'read', 'write'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'given_name', 'family_name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    findAccount: (_ctx, id) =>
      USERS[id] && { accountId: id, claims: () => ({ sub: id, ...USERS[id] }) },
    pkce: { required: () => true },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: settings.rotate ?? true,
    ttl: {
      AccessToken: settings.access_token_ttl ?? 3600,
      AuthorizationCode: 60,
      BackchannelAuthenticationRequest: 600,
      ClientCredentials: settings.access_token_ttl ?? 3600,
      DeviceCode: 600,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
      userinfo: { enabled: true },
      ...features(),
    },
    renderError: (ctx, out) => {
      ctx.type = 'json';
      ctx.body = out;
    },
  };
}

function page(title, body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><body>${body}</body></html>`;
}

// The form that oidc-provider passes has the hidden token; the hidden `logout` completes it, so that sending
// all of its fields back is the user's "yes".
function logoutSource(ctx, form) {
  ctx.body = page('Log out', `${form}
<input type="hidden" form="op.logoutForm" name="logout" value="yes">
<button type="submit" form="op.logoutForm">Log out</button>`);
}

function postLogoutSuccessSource(ctx) {
  ctx.body = page('Logged out', '<p>Logged out.</p>');
}

function userCodeInputSource(ctx, form, _out, error) {
  ctx.status = error ? 400 : 200;
  ctx.body = page('Device', `${form}<button type="submit" form="op.deviceInputForm">Continue</button>`);
}

// The form has a hidden `confirm`, so that sending its fields back is "yes"; `abort` beside them is "no".
function userCodeConfirmSource(ctx, form, _client, _device, userCode) {
  ctx.body = page('Confirm the device', `<p>${userCode}</p>${form}
<button type="submit" form="op.deviceConfirmForm">Continue</button>
<button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">Abort</button>`);
}

function successSource(ctx) {
  ctx.body = page('Done', '<p>Go back to the device.</p>');
}

// The provider calls clients only to ping them (OpenID Connect CIBA Core §10.2).
async function recordPing(url, { headers, body }) {
  pings.push({ url, authorization: new Headers(headers).get('authorization'), body });
  return new Response(null, { status: 204 });
}

async function backchannel(provider, request, response) {
  const answer = await form(request);
  const waiting = asked.get(answer.get('login'));
  if (!waiting) throw new Error('nobody asked this user');
  let result = new errors.AccessDenied('the user refused');
  if (answer.get('decision') === 'allow') {
    result = new provider.Grant({ accountId: waiting.accountId, clientId: waiting.clientId });
    result.addOIDCScope(waiting.scope);
    await result.save();
  }
  await provider.backchannelResult(waiting, result);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(pings.splice(0)));
}

async function interaction(provider, request, response) {
  const details = await provider.interactionDetails(request, response);
  const { prompt, params, session } = details;
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(page('Sign in', `<form method="post" action="/interaction/${details.uid}">
<label>User <input name="login" value="alice"></label>
<button name="decision" value="allow">Continue</button>
<button name="decision" value="deny">Deny</button>
</form>`));
    return;
  }
  const answer = await form(request);
  if (answer.get('decision') === 'deny') {
    const refusal = { error: 'access_denied', error_description: 'the user refused' };
    await provider.interactionFinished(request, response, refusal);
    return;
  }
  const accountId = prompt.name === 'login' ? (answer.get('login') ?? 'alice') : session.accountId;
  if (!USERS[accountId]) {
    response.statusCode = 400;
    response.end('no such user');
    return;
  }
  const known = prompt.name === 'consent' && details.grantId;
  const grant = known
    ? await provider.Grant.find(details.grantId)
    : new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? 'openid');
  for (const resource of [params.resource ?? []].flat()) {
    grant.addResourceScope(resource, params.scope ?? '');
  }
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result);
}

const plain = await listen(settings.tls);
const mutual = settings.tls
  && (await listen({ ...settings.tls, requestCert: true, rejectUnauthorized: false }));
const issuer = plain.origin;
const provider = new Provider(issuer, configuration(mutual));
provider.on('server_error', (_ctx, error) => console.error(error));
const callback = provider.callback();
const handle = (request, response) => {
  const page = request.url === '/backchannel-decision' ? backchannel : interaction;
  if (page === interaction && !request.url.startsWith('/interaction/')) {
    callback(request, response);
    return;
  }
  page(provider, request, response).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end('the interaction failed');
  });
};
plain.server.on('request', handle);
mutual?.server.on('request', handle);
announce(issuer, settings.tls?.ca);
