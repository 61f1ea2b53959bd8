// A real mail server for tests.
//
//   node tests/smtp/server.mjs --folder DIR [--port N] [--cert PEM --key PEM [--implicit]] [--user U --password P]
//
// It listens on 127.0.0.1, offers STARTTLS where it has a certificate (--implicit: TLS from the first byte) and wants a log-in
// where it has a user. Each message that it takes becomes DIR/NNNN.eml with its envelope in DIR/NNNN.json.
// On stdout, one JSON value a line: {"port":N} when it listens, {"stored":"NNNN"} or {"dropped":true} for each message, and
// {"ok":"…"} or {"error":"…"} for each line on stdin:
//
//   refuse ADDRESS CODE TEXT   that recipient is refused so
//   stall ADDRESS              that recipient gets no answer
//   drop N                     the connection is cut in the middle of the next N messages
//   defer N                    the next N messages are answered with 451
//   mute N                     the next N messages are stored, but their sender gets no answer
//   quit                       (as does the end of stdin)

import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { SMTPServer } from 'smtp-server';

const text = { type: 'string' };
const { values: given } = parseArgs({
    options: { folder: text, port: text, cert: text, key: text, implicit: { type: 'boolean' }, user: text, password: text },
});
if (!given.folder || !given.cert !== !given.key || !given.user !== !given.password || (given.implicit && !given.cert)) {
    console.error('server.mjs --folder DIR [--port N] [--cert PEM --key PEM [--implicit]] [--user U --password P]');
    process.exit(2);
}
mkdirSync(given.folder, { recursive: true });

const say = value => console.log(JSON.stringify(value));
const refused = new Map();
const stalled = new Set();
const next = { drop: 0, defer: 0, mute: 0 };
const takes = what => next[what] > 0 && next[what]-- > 0;
let stored = readdirSync(given.folder).filter(name => name.endsWith('.eml')).length;

function answer(code, message) {
    return Object.assign(new Error(message), { responseCode: code });
}

function store(session, bytes) {
    const name = String(++stored).padStart(4, '0');
    const { mailFrom, rcptTo } = session.envelope;
    const envelope = { from: mailFrom.address, to: rcptTo.map(to => to.address), user: session.user, secure: session.secure };
    for (const [ending, content] of [['json', JSON.stringify(envelope)], ['eml', bytes]]) {
        writeFileSync(join(given.folder, `.${name}.${ending}`), content);
        renameSync(join(given.folder, `.${name}.${ending}`), join(given.folder, `${name}.${ending}`));
    }
    return name;
}

const server = new SMTPServer({
    secure: Boolean(given.implicit),
    ...(given.cert ? { cert: readFileSync(given.cert), key: readFileSync(given.key) } : { disabledCommands: ['STARTTLS'] }),
    authOptional: !given.user,
    allowInsecureAuth: !given.cert,
    disableReverseLookup: true,
    closeTimeout: 1,
    onAuth({ username, password }, session, done) {
        const right = username === given.user && password === given.password;
        done(right ? null : answer(535, '5.7.8 wrong username or password'), right ? { user: username } : undefined);
    },
    onRcptTo({ address }, session, done) {
        const to = address.toLowerCase();
        if (!stalled.has(to)) {
            done(refused.get(to));
        }
    },
    onData(stream, session, done) {
        if (takes('drop')) {
            stream.once('data', () => {
                const connection = [...server.connections].find(connection => connection.session === session);
                connection._socket.destroy();
                say({ dropped: true });
            });
            return;
        }
        const pieces = [];
        stream.on('data', piece => pieces.push(piece));
        stream.on('end', () => {
            if (takes('defer')) {
                return done(answer(451, '4.3.0 try again later'));
            }
            const name = store(session, Buffer.concat(pieces));
            const mute = takes('mute');
            say({ stored: name });
            if (!mute) {
                done(null, `queued as ${name}`);
            }
        });
    },
});
// A client that breaks off is what some tests are about.
server.on('error', () => {});

function obey(line) {
    const [word, first, code, ...rest] = line.trim().split(' ');
    if (word === 'refuse' && /^[45]\d\d$/.test(code) && rest.length) {
        refused.set(first.toLowerCase(), answer(Number(code), rest.join(' ')));
    } else if (word === 'stall' && first) {
        stalled.add(first.toLowerCase());
    } else if (word in next && /^\d+$/.test(first)) {
        next[word] = Number(first);
    } else if (word === 'quit') {
        process.exit(0);
    } else {
        return say({ error: line });
    }
    say({ ok: word });
}

const listening = server.listen(Number(given.port ?? 0), '127.0.0.1', () => {
    say({ port: listening.address().port });
    createInterface({ input: process.stdin }).on('line', obey).on('close', () => process.exit(0));
});
listening.on('error', error => {
    console.error(`port ${given.port}: ${error.message}`);
    process.exit(1);
});
