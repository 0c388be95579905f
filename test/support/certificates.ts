import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Names by which tests reach a server of theirs. */
export const TEST_SERVER_NAMES = ['127.0.0.1', 'localhost', 'reg.plomada.test'];

const EXTENSIONS_OF_A_CA = ['basicConstraints = critical, CA:TRUE', 'keyUsage = critical, keyCertSign, cRLSign'];

export interface Certificates {
  /** The private CA's certificate: what a client gets to trust, as `SSL_CERT_FILE` or `GIT_SSL_CAINFO`. */
  caFile: string;
  /** The server's certificate, signed by the CA. */
  certificateFile: string;
  keyFile: string;
  /** The same as PEM text, for `https.createServer` and `https.request`. */
  ca: string;
  certificate: string;
  key: string;
}

/**
 * Makes a CA and a server's certificate for host names and IP addresses, as PEM files in a folder, which is made when
 * it is missing. Valid for 30 days. Needs `openssl` 3 on the PATH.
 */
export async function createCertificates(
  directory: string,
  names: string[] = TEST_SERVER_NAMES,
): Promise<Certificates> {
  mkdirSync(directory, { recursive: true });
  const ca = pemFiles(directory, 'ca');
  const server = pemFiles(directory, 'server');
  await makeCertificate(ca, 'Plomada test CA', EXTENSIONS_OF_A_CA);
  const signer = ['-CA', ca.certificateFile, '-CAkey', ca.keyFile];
  await makeCertificate(server, names[0] ?? 'localhost', extensionsOfAServer(names), signer);
  return {
    caFile: ca.certificateFile,
    ...server,
    ca: readFileSync(ca.certificateFile, 'utf8'),
    certificate: readFileSync(server.certificateFile, 'utf8'),
    key: readFileSync(server.keyFile, 'utf8'),
  };
}

interface PemFiles {
  certificateFile: string;
  keyFile: string;
}

function pemFiles(directory: string, name: string): PemFiles {
  return { certificateFile: join(directory, `${name}.pem`), keyFile: join(directory, `${name}.key.pem`) };
}

function extensionsOfAServer(names: string[]): string[] {
  const subjects = names.map((name) => `${isIP(name) ? 'IP' : 'DNS'}:${name}`);
  return [
    'basicConstraints = critical, CA:FALSE',
    'keyUsage = critical, digitalSignature',
    'extendedKeyUsage = serverAuth',
    `subjectAltName = ${subjects.join(', ')}`,
  ];
}

/** With a configuration of its own: that of the machine would add extensions that contradict ours. */
async function makeCertificate(
  files: PemFiles,
  commonName: string,
  extensions: string[],
  signer: string[] = [],
): Promise<void> {
  const configuration = `${files.certificateFile}.cnf`;
  const lines = ['[req]', 'prompt = no', 'distinguished_name = name', 'x509_extensions = extensions'];
  writeFileSync(
    configuration,
    [...lines, '[name]', `CN = ${commonName}`, '[extensions]', ...extensions, ''].join('\n'),
  );
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', files.keyFile];
  await promisify(execFile)(
    'openssl',
    ['req', '-x509', '-config', configuration, '-days', '30', ...newKey, '-out', files.certificateFile, ...signer],
    { env: { PATH: process.env.PATH } },
  );
}
