// How the servers on Node of this folder start and end; loopback.py beside this file documents the protocol and the
// settings, which are the same.
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

export const ALICE = { name: 'Alice Example', email: 'alice@example.com', email_verified: true };

export const settings = JSON.parse(process.argv[2] ?? process.env.INTEROP_CONFIG ?? '{}');

// Standard output belongs to the one line of `announce`.
for (const name of ['log', 'info', 'warn', 'debug']) {
  console[name] = (...words) => console.error(...words);
}

/// A page with one form, which is sent with `login` and `decision` to the page's own URL.
export function page(title, action = '') {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
<form method="post" action="${action}"><label>User <input name="login" value="alice"></label>
<button name="decision" value="allow">Continue</button>
<button name="decision" value="deny">Deny</button></form></html>`;
}

/// The fields of a form that was sent.
export async function form(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > 10_000) throw new Error('the form is too long');
  }
  return new URLSearchParams(body);
}

/// Listens on a free loopback port; with `tls`, the options of node:https, over TLS.
export async function listen(tls) {
  const server = tls ? createSecureServer(tls) : createServer();
  await new Promise((resolve) => server.listen(settings.port ?? 0, '127.0.0.1', resolve));
  const host = tls ? 'https://localhost' : 'http://127.0.0.1';
  return { server, origin: `${host}:${server.address().port}` };
}

/// Says that the server listens, with the CA of its certificate, and ends the process with standard input.
export function announce(issuer, certificate) {
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
  process.stdin.on('close', () => process.exit(0));
  process.stdout.write(`${JSON.stringify({ issuer, certificate })}\n`);
}
