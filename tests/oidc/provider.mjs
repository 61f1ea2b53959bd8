// A real OpenID Connect provider for tests.
//
//   node tests/oidc/provider.mjs --redirect URL … [--back URL …] [--account NAME=UUID …] [--port N] [--auth METHOD]
//
// It listens on 127.0.0.1 and knows one client, `staffrecord`, with the secret below, that may send people to each --redirect
// (after log-out: each --back) and says who it is by METHOD (client_secret_basic, client_secret_post). People log in by naming
// an account; `helen` (555042700101) is always there. Scope `staff` gives the claims `nhsid_useruid` and `id_assurance_level`.
// On stdout, one JSON value a line: {"port":N} when it listens, and {"ok":"…"} or {"error":"…"} for each line on stdin:
//
//   set NAME KEY VALUE   KEY of that account is uuid, acr, assurance, or age (how many seconds ago its log-ins are said to have
//                        been); VALUE `-` for none
//   nonce VALUE          the next request to log in is changed so
//   careless | careful   `prompt` and `max_age` are ignored, or not
//   userinfo | id_token  where the claims stand
//   rotate               new signing keys
//   mute | speak         requests get no answer, or do
//   quit                 (as does the end of stdin)

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

// Its notices, all about tests' shortcuts, would stand among our answers; the first comes as it is loaded.
console.info = console.warn = () => {};
const { default: Provider } = await import('oidc-provider');
const { default: MemoryAdapter } = await import('oidc-provider/lib/adapters/memory_adapter.js');

const SECRET = 'the secret of the tests: it + percent % and &';

const several = { type: 'string', multiple: true, default: [] };
const { values: given } = parseArgs({
    options: { redirect: several, back: several, account: several, port: { type: 'string' }, auth: { type: 'string' } },
});
const named = [...given.account, 'helen=555042700101'].map(account => /^([a-z0-9]+)=(\d+)$/.exec(account)?.slice(1));
if (!given.redirect.length || named.includes(undefined)) {
    console.error('provider.mjs --redirect URL … [--back URL …] [--account NAME=UUID …] [--port N] [--auth METHOD]');
    process.exit(2);
}
const accounts = new Map(named.map(([name, uuid]) => [name, { uuid, acr: 'AAL3_ANY', assurance: '3', age: '0' }]));
const now = { claims: 'id_token', nonce: null, careless: false, mute: false, provider: null, answer: null };

const say = value => console.log(JSON.stringify(value));
const issuer = () => `http://127.0.0.1:${server.address().port}`;

function open() {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    now.provider = new Provider(issuer(), {
        // One for all its lives, so that codes and sessions outlive a change of keys.
        adapter: MemoryAdapter,
        jwks: { keys: [privateKey.export({ format: 'jwk' })] },
        clients: [{
            client_id: 'staffrecord',
            client_secret: SECRET,
            redirect_uris: given.redirect,
            post_logout_redirect_uris: given.back,
            token_endpoint_auth_method: given.auth ?? 'client_secret_basic',
            require_auth_time: true,
        }],
        clientAuthMethods: [given.auth ?? 'client_secret_basic'],
        scopes: ['openid', 'staff'],
        claims: { openid: ['sub'], staff: ['nhsid_useruid', 'id_assurance_level'] },
        acrValues: ['AAL3_ANY', 'AAL1_USERPASS'],
        conformIdTokenClaims: now.claims === 'userinfo',
        cookies: { keys: ['tests'] },
        features: {
            devInteractions: { enabled: false },
            rpInitiatedLogout: {
                logoutSource(ctx, form) {
                    const button = '<button form="op.logoutForm" name="logout" value="yes">Log out</button>';
                    ctx.body = page('Log out of your card?', form + button);
                },
            },
        },
        interactions: { url: (ctx, { uid }) => `/interaction/${uid}` },
        findAccount(ctx, name) {
            const { uuid, assurance } = accounts.get(name) ?? {};
            const claims = { sub: name, nhsid_useruid: uuid, id_assurance_level: assurance };
            return { accountId: name, claims: () => claims };
        },
        // Nobody is asked whether the portal may know them.
        async loadExistingGrant({ oidc }) {
            const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
            grant.addOIDCScope(oidc.params.scope);
            await grant.save();
            return grant;
        },
    });
    now.provider.on('server_error', (ctx, error) => console.error(error));
    now.answer = now.provider.callback();
}

const page = (title, body) =>
    `<!DOCTYPE html><html lang="en"><title>${title}</title><main><h1>${title}</h1>${body}</main></html>`;

async function logIn(request, response) {
    const name = new URLSearchParams(request.method === 'POST' ? await text(request) : '').get('account');
    const account = accounts.get(name);
    if (!account) {
        const label = '<label>Account <input name="account"></label>';
        response.writeHead(name === null ? 200 : 422, { 'content-type': 'text/html' });
        return response.end(page('Present your card', `<form method="post">${label}<button>Log in</button></form>`));
    }
    const ts = Math.floor(Date.now() / 1000) - Number(account.age ?? 0);
    await now.provider.interactionFinished(request, response, { login: { accountId: name, acr: account.acr, ts } });
}

function altered(url) {
    const asked = new URL(url, issuer());
    if (asked.pathname !== '/auth') {
        return url;
    }
    if (now.nonce) {
        asked.searchParams.set('nonce', now.nonce);
        now.nonce = null;
    }
    if (now.careless) {
        asked.searchParams.delete('prompt');
        asked.searchParams.delete('max_age');
    }
    return asked.pathname + asked.search;
}

const server = createServer((request, response) => {
    if (now.mute) {
        return;
    }
    request.url = altered(request.url);
    if (request.url.startsWith('/interaction/')) {
        logIn(request, response).catch(error => {
            response.writeHead(400, { 'content-type': 'text/plain' }).end(error.message);
        });
    } else {
        now.answer(request, response);
    }
});

function obey(line) {
    const [word, name, key, value] = line.trim().split(' ');
    const account = accounts.get(name);
    if (word === 'set' && account && Object.hasOwn(account, key) && value) {
        account[key] = value === '-' ? undefined : value;
    } else if (word === 'nonce' && name) {
        now.nonce = name;
    } else if (word === 'careless' || word === 'careful') {
        now.careless = word === 'careless';
    } else if (word === 'userinfo' || word === 'id_token') {
        now.claims = word;
        open();
    } else if (word === 'rotate') {
        open();
    } else if (word === 'mute' || word === 'speak') {
        now.mute = word === 'mute';
    } else if (word === 'quit') {
        process.exit(0);
    } else {
        return say({ error: line });
    }
    say({ ok: word });
}

server.on('error', error => {
    console.error(`port ${given.port}: ${error.message}`);
    process.exit(1);
});
server.listen(Number(given.port ?? 0), '127.0.0.1', () => {
    open();
    say({ port: server.address().port });
    createInterface({ input: process.stdin }).on('line', obey).on('close', () => process.exit(0));
});
