import { createHash } from 'node:crypto';
import type { Response } from 'express';
import type { RegistryAnswer, RegistryNamespace } from './registry-answers.service';

/** Answers are the same for everybody who may have them, but must be asked for again: they change when something is published. */
const KEEPING = { 'Cache-Control': 'private, no-cache', 'X-Content-Type-Options': 'nosniff' };

/** A document. @param staleAt see `RegistryAnswer` */
export function jsonAnswer(
  route: string,
  namespace: RegistryNamespace | null,
  document: object,
  staleAt: number | null = null,
): RegistryAnswer {
  const body = Buffer.from(JSON.stringify(document));
  return {
    namespace,
    route,
    status: 200,
    headers: {
      ...KEEPING,
      'Content-Type': 'application/json',
      'Content-Length': String(body.length),
      ETag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
    },
    body,
    staleAt,
  };
}

/** Where an archive is. */
export function redirectAnswer(
  route: string,
  namespace: RegistryNamespace,
  location: string,
  staleAt: number,
): RegistryAnswer {
  return { namespace, route, status: 204, headers: { ...KEEPING, 'X-Terraform-Get': location }, body: null, staleAt };
}

/** Sends an answer as it is; 304 to a client that has it already. */
export function sendAnswer(response: Response, answer: RegistryAnswer): void {
  const { headers, body, status } = answer;
  if (headers.ETag !== undefined && response.req.headers['if-none-match'] === headers.ETag) {
    response.writeHead(304, { ...headers, 'Content-Length': '0' }).end();
    return;
  }
  response.writeHead(status, headers);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
