// Smartcards for the tests: an authority that issues them, computers with a card in their reader, and the portal that
// reads them, served by HTTPS under two names.
//
// A card is a certificate with its key in the NSS store of a HOME of its own, where Chromium looks for client
// certificates. A browser without a screen cannot ask which one to use, and waits for ever: so a policy of Chromium names
// the card host, which only root can write.

import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A folder that goes with `closing`. */
export async function folder(closing, name) {
  const made = await mkdtemp(join(tmpdir(), `staffrecord-${name}-`));
  closing.push(() => rm(made, { recursive: true, force: true }));
  return made;
}

const CONFIGURATION = `
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
`;

/** An authority that issues cards and servers' certificates, by openssl. */
export class Authority {
  #folder;
  #issued = 0;

  constructor(folder, name) {
    this.#folder = folder;
    this.name = name;
  }

  static async named(name, folder) {
    const authority = new Authority(folder, name);
    await Promise.all(
      Object.entries({ 'openssl.cnf': CONFIGURATION, index: '', serial: '1000\n', crlnumber: '01\n' }).map(([file, content]) =>
        writeFile(join(folder, file), content),
      ),
    );
    await authority.#openssl('req', '-x509', '-config', 'openssl.cnf', '-extensions', 'authority', '-days', '30', ...authority.#key('authority'), '-subj', `/CN=${name}`, '-out', 'authority.pem');
    return authority;
  }

  #openssl(...words) {
    return run('openssl', words, { cwd: this.#folder });
  }

  #key(name) {
    return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
  }

  /** The path of one of its files. */
  file(name) {
    return join(this.#folder, name);
  }

  async #issue(subject, extensions, more = []) {
    this.#issued += 1;
    const name = `issued-${this.#issued}`;
    await writeFile(this.file(`${name}.ext`), extensions);
    await this.#openssl('req', '-new', '-config', 'openssl.cnf', ...this.#key(name), '-subj', subject, '-out', `${name}.csr`);
    await this.#openssl('ca', '-batch', '-notext', '-config', 'openssl.cnf', '-in', `${name}.csr`, '-extfile', `${name}.ext`, '-out', `${name}.pem`, ...more);
    return { certificate: this.file(`${name}.pem`), key: this.file(`${name}.key`) };
  }

  /** A server's certificate for these names. */
  server(...names) {
    const all = names.map((name) => `DNS:${name}`).join();
    return this.#issue(`/CN=${names[0]}`, `subjectAltName=${all}\nextendedKeyUsage=serverAuth\n`);
  }

  /** A card; `uuid` may be missing, `from` and `until` are like 20260101000000Z. */
  async card({ uuid, use = 'clientAuth', until, from } = {}) {
    const subject = `/CN=A Card${uuid ? `/serialNumber=${uuid}` : ''}`;
    const times = [...(from ? ['-startdate', from] : []), ...(until ? ['-enddate', until] : [])];
    const card = await this.#issue(subject, `keyUsage=critical,digitalSignature\nextendedKeyUsage=${use}\n`, times);
    const bundle = card.certificate.replace(/pem$/, 'p12');
    await this.#openssl('pkcs12', '-export', '-in', card.certificate, '-inkey', card.key, '-name', 'card', '-passout', 'pass:', '-out', bundle);
    return { ...card, bundle };
  }

  /** Writes its revocation list, with these cards on it. */
  async list(...revoked) {
    for (const { certificate } of revoked) await this.#openssl('ca', '-config', 'openssl.cnf', '-revoke', certificate);
    await this.#openssl('ca', '-gencrl', '-config', 'openssl.cnf', '-out', 'list.crl');
    return this.file('list.crl');
  }
}

/**
 * The HOME of somebody at a computer that trusts the authority, with these cards in it.
 */
export async function home(folder, authority, ...cards) {
  const store = join(folder, '.pki', 'nssdb');
  await mkdir(store, { recursive: true });
  const database = ['-d', `sql:${store}`];
  await run('certutil', [...database, '-N', '--empty-password']);
  await run('certutil', [...database, '-A', '-n', 'authority', '-t', 'C,,', '-i', authority.file('authority.pem')]);
  for (const { bundle } of cards) await run('pk12util', [...database, '-i', bundle, '-W', '']);
  return folder;
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
