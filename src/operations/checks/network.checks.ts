import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { PlomadaConfig } from '../../config/config';
import { type Finding, fail, ok, warn } from './finding';

const WAIT_MS = 5_000;
const DAY_MS = 24 * 3_600_000;
const SOON_DAYS = 14;

/** Ports, certificate, and what clients see. @param isRunning whether a server works on this DATA_DIR */
export async function checkNetwork({ server }: PlomadaConfig, isRunning: boolean): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, port] of [
    ['PORT', server.port],
    ['METRICS_PORT', server.metricsPort],
  ] as const) {
    if (port !== null && port !== 0) findings.push(await checkPort(name, server.host, port, isRunning));
  }
  if (server.tls) findings.push(checkCertificate(server.tls.certFile));
  if (server.publicUrl !== null) findings.push(await checkPublicUrl(server.publicUrl, isRunning));
  return findings;
}

function checkPort(name: string, host: string, port: number, isRunning: boolean): Promise<Finding> {
  return new Promise((resolve) => {
    const listener = createServer();
    listener.once('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === 'EADDRINUSE' && isRunning
          ? ok(name, `${host}:${port} is in use; a server is running`)
          : fail(name, `${host}:${port} cannot be listened on (${error.code}): choose another ${name} or HOST.`),
      ),
    );
    listener.listen(port, host, () => listener.close(() => resolve(ok(name, `${host}:${port} is free`))));
  });
}

function checkCertificate(file: string): Finding {
  try {
    const { validTo } = new X509Certificate(readFileSync(file));
    const daysLeft = Math.floor((Date.parse(validTo) - Date.now()) / DAY_MS);
    if (daysLeft < 0) return fail('TLS_CERT_FILE', `expired on ${validTo}: renew it and restart the server.`);
    return daysLeft < SOON_DAYS
      ? warn('TLS_CERT_FILE', `expires in ${daysLeft} days: renew it.`)
      : ok('TLS_CERT_FILE', `valid until ${validTo}`);
  } catch {
    return fail('TLS_CERT_FILE', 'cannot be read as a PEM certificate.');
  }
}

async function checkPublicUrl(url: string, isRunning: boolean): Promise<Finding> {
  const name = 'PUBLIC_URL';
  if (!isRunning) return ok(name, `${url}; not asked, since no server is running here`);
  try {
    const answer = await fetch(`${url}/.well-known/terraform.json`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(WAIT_MS),
    });
    const services: unknown = await answer.json();
    const isOurs = typeof services === 'object' && services !== null && 'modules.v1' in services;
    if (!answer.ok || !isOurs) {
      return fail(
        name,
        `${url} answers, but not as a registry (status ${answer.status}): check PUBLIC_URL and the proxy.`,
      );
    }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return fail(name, `${url} does not answer from here (${cause}): check PUBLIC_URL, the proxy, and its certificate.`);
  }
  return new URL(url).hostname.includes('.')
    ? ok(name, `${url} answers as a registry`)
    : warn(name, `${url} answers, but terraform refuses module hosts without a dot: use a full name.`);
}
