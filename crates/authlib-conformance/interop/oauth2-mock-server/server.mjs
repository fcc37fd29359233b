// oauth2-mock-server, a server for tests, on loopback; ../loopback.mjs says how it is started. It asks nobody: each
// request is a login of its one user, and any client with any secret is known.
import { ALICE, announce, settings } from '../loopback.mjs';

const { OAuth2Server } = await import('oauth2-mock-server');

const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
await server.start(settings.port ?? 0, '127.0.0.1');
// By itself it is `localhost`.
server.issuer.url = `http://127.0.0.1:${server.address().port}`;
server.service.on('beforeTokenSigning', (token) => Object.assign(token.payload, ALICE));
server.service.on('beforeUserinfo', (response) => Object.assign(response.body, ALICE));
server.service.on('beforeResponse', (response) => {
  response.body.expires_in = settings.access_token_ttl ?? 3600;
});
announce(server.issuer.url);
