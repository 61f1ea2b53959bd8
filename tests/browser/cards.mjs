// Smartcards: an authority that issues them, computers with cards in their readers, and a portal that reads them.
//
// To Chromium a card is a certificate with its key in the NSS store of its HOME. Without a screen it cannot ask which one
// to use, and waits for ever; a policy (AutoSelectCertificateForUrls) answers for its user, at the card host only. So a
// page of the portal that asked for a card would never come.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer as createProxy } from 'node:http';
import { connect, createServer } from 'node:net';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterwards, launch, openBrowser, passingFolder, servePortal } from './portal.mjs';

const run = promisify(execFile);

const OPENSSL = `
[ca]
default_ca = cards
[cards]
database = index
new_certs_dir = .
serial = serial
crlnumber = crlnumber
certificate = authority.pem
private_key = authority.key
default_md = sha256
default_days = 30
default_crl_days = 30
unique_subject = no
policy = any
crl_extensions = list
[any]
commonName = supplied
serialNumber = optional
[list]
authorityKeyIdentifier = keyid
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[req]
distinguished_name = nothing
[nothing]
`;

/** An authority in a folder of its own; two of one name are strangers to each other. */
export class Authority {
  #folder;
  #issued = 0;

  static async named(name) {
    const authority = new Authority();
    authority.#folder = await passingFolder();
    const files = { 'openssl.cnf': OPENSSL, index: '', serial: '1000\n', crlnumber: '01\n' };
    for (const [file, content] of Object.entries(files)) await writeFile(authority.file(file), content);
    const own = ['-x509', '-extensions', 'authority', '-days', '30', '-out', 'authority.pem'];
    await authority.#request('authority', `/CN=${name}`, ...own);
    return authority;
  }

  file(name) {
    return join(this.#folder, name);
  }

  #openssl(command, ...words) {
    return run('openssl', [command, ...words], { cwd: this.#folder, env: { ...process.env, OPENSSL_CONF: 'openssl.cnf' } });
  }

  #request(name, subject, ...more) {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
    return this.#openssl('req', '-new', ...key, '-subj', subject, ...more);
  }

  async #issue(subject, extensions, ...more) {
    this.#issued += 1;
    const name = `issued-${this.#issued}`;
    await writeFile(this.file(`${name}.ext`), extensions);
    await this.#request(name, subject, '-out', `${name}.csr`);
    await this.#openssl('ca', '-batch', '-notext', '-in', `${name}.csr`, '-extfile', `${name}.ext`, '-out', `${name}.pem`, ...more);
    return { certificate: this.file(`${name}.pem`), key: this.file(`${name}.key`) };
  }

  /** The certificate and key of a server with these names. */
  server(...names) {
    return this.#issue(`/CN=${names[0]}`, `subjectAltName=${names.map((name) => `DNS:${name}`)}\nextendedKeyUsage=serverAuth\n`);
  }

  /**
   * A card, as PEM files and as a PKCS #12 bundle without a password.
   * @param {string} [uuid] the number on it
   * @param {{use?: string, valid?: [string, string]}} how what it is for, and from when to when: `20260101000000Z`
   */
  async card(uuid, { use = 'clientAuth', valid } = {}) {
    const subject = `/CN=A Card${uuid ? `/serialNumber=${uuid}` : ''}`;
    const dates = valid ? ['-startdate', valid[0], '-enddate', valid[1]] : [];
    const card = await this.#issue(subject, `keyUsage=critical,digitalSignature\nextendedKeyUsage=${use}\n`, ...dates);
    const bundle = card.certificate.replace(/pem$/, 'p12');
    await this.#openssl('pkcs12', '-export', '-in', card.certificate, '-inkey', card.key, '-passout', 'pass:', '-out', bundle);
    return { ...card, bundle };
  }

  /** Writes its revocation list anew, with these cards on it. */
  async revoke(...cards) {
    for (const { certificate } of cards) await this.#openssl('ca', '-revoke', certificate);
    await this.#openssl('ca', '-gencrl', '-out', 'list.crl');
  }
}

/** Names that are this very machine to browsers. */
const [PORTAL, CARD_HOST] = ['portal.localhost', 'card.localhost'];

/** Staff of two employers, by the numbers on their cards. */
export const UUIDS = {
  helen: '427000000001',
  grace: '427000001000',
  amina: '427000000002',
  carol: '427000000003',
  nobody: '427999999999',
};

const HEADER = 'employee_number,first_names,last_name,date_of_birth,email,smartcard_uuid,start_date,leaving_date';
const EMPLOYERS = {
  427: [
    'Northmoor Hospitals Trust',
    `10001,Helen,O'Wsea,1984-03-14,helen.owsea@nhs.net,${UUIDS.helen},2012-09-03,`,
    `10002,Amina,de la Cruz,1992-02-29,amina.delacruz@nhs.net,${UUIDS.amina},2020-01-06,`,
    `10006,Carol,Whitaker,1959-10-30,carol.whitaker@nhs.net,${UUIDS.carol},1990-08-01,2025-10-31`,
    `20001,Grace,Okafor,1970-10-27,grace.okafor@nhs.net,${UUIDS.grace},2019-02-01,`,
  ],
  999: [
    'Southdown Community Health Trust',
    `10002,Amina,de la Cruz,1992-02-29,amina.delacruz@nhs.net,${UUIDS.amina},2022-03-01,`,
  ],
};

/** The employer's networks, as seen from a test: this machine is in them, or it is not. */
export const [INSIDE, OUTSIDE] = ['networks=127.0.0.0/8,::1/128', 'networks=192.0.2.0/24'];

/** Adds two employers, in whose networks this machine is, with staff who have cards and have never logged in. */
export async function hire(portal) {
  for (const [code, [name, ...staff]] of Object.entries(EMPLOYERS)) {
    const settings = ['mail_domains=nhs.net', INSIDE, 'service_desk.name=ESR Service Desk', `service_desk.phone=01632 960${code}`];
    await portal.command(['employer', 'add', code, '--name', name, ...settings.flatMap((one) => ['--set', one])]);
    await portal.command(['staff', 'import', '--employer', code], `${[HEADER, ...staff].join('\n')}\n`);
  }
}

/** A portal by HTTPS that takes this authority's cards, and the staff above. */
export async function portalWithCards(authority) {
  const [folder, port] = [await passingFolder(), await freePort()];
  const { certificate, key } = await authority.server(PORTAL, CARD_HOST);
  await authority.revoke();
  const portal = await servePortal(folder, `https://${PORTAL}:${port}`, {
    serve: `tls_certificate = "${certificate}"\ntls_key = "${key}"`,
    tables: `[access.smartcard_certificates]
host = "${CARD_HOST}"
authorities = "${authority.file('authority.pem')}"
revocation_lists = ["${authority.file('list.crl')}"]`,
  });
  portal.cardHost = `https://${CARD_HOST}:${port}`;
  portal.elsewhere.push(portal.cardHost);
  await hire(portal);
  return portal;
}

/** A port that is free now. */
export function freePort() {
  return new Promise((settle, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => settle(port));
    });
  });
}

const CHROMIUM = basename(process.env.CHROMIUM ?? 'chromium');
const POLICIES = CHROMIUM.startsWith('google-chrome') ? '/etc/opt/chrome/policies/managed' : '/etc/chromium/policies/managed';

/** Why no test with a card in the browser can run here; undefined where they can. */
export async function cannotChoose() {
  if (process.getuid() === 0 || (await access(POLICIES, constants.W_OK).then(() => true, () => false))) return undefined;
  return `only root can write to ${POLICIES}, from where Chromium knows which card to show`;
}

/** From now on, browsers that are opened choose their card at this portal's card host by themselves. */
export async function chooseByPolicy(portal) {
  await mkdir(POLICIES, { recursive: true });
  const file = join(POLICIES, `staffrecord-tests-${new URL(portal.cardHost).port}.json`);
  afterwards(() => rm(file));
  const choice = JSON.stringify({ pattern: portal.cardHost, filter: {} });
  await writeFile(file, JSON.stringify({ AutoSelectCertificateForUrls: [choice] }));
}

/** Where Chromium looks for cards, at a computer that trusts this authority's servers. */
export async function emptyReader(authority) {
  const home = await passingFolder();
  const store = ['-d', `sql:${join(home, '.pki', 'nssdb')}`];
  await mkdir(join(home, '.pki', 'nssdb'), { recursive: true });
  await run('certutil', [...store, '-N', '--empty-password']);
  await run('certutil', [...store, '-A', '-n', 'authority', '-t', 'C,,', '-i', authority.file('authority.pem')]);
  return { home, store };
}

/** A browser at such a computer, with these cards in its reader. */
export async function computer(authority, ...cards) {
  const { home, store } = await emptyReader(authority);
  for (const { bundle } of cards) await run('pk12util', [...store, '-i', bundle, '-W', '']);
  return openBrowser({ HOME: home });
}

/** A page of a browser that shows this card whatever is on it: the driver makes its TLS, by way of this process. */
export async function showing(portal, { certificate: certPath, key: keyPath }) {
  const clientCertificates = [{ origin: portal.cardHost, certPath, keyPath }];
  return launch(portal, { settings: { clientCertificates, ignoreHTTPSErrors: true, proxy: { server: await (way ??= toHere()) } } });
}

let way;
/** A proxy for which every name is this machine: to programs, unlike browsers, `*.localhost` may be unknown. */
async function toHere() {
  const proxy = createProxy().on('connect', ({ url }, socket) => {
    const onward = connect(url.split(':').at(-1), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const [one, other] of [[socket, onward], [onward, socket]]) one.on('error', () => other.destroy());
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  afterwards(async () => proxy.close());
  return `http://127.0.0.1:${proxy.address().port}`;
}
