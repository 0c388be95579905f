/**
 * Whether a push event may have brought a tag; anything that is not understood may have. GitHub, GitLab and Gitea name
 * one reference (`ref`), Bitbucket lists changes (`push.changes[].new.type`).
 */
export function mayBringTags(payload: unknown): boolean {
  if (typeof payload !== 'object' || payload === null) return true;
  const { ref, push } = payload as { ref?: unknown; push?: unknown };
  if (typeof ref === 'string') return !ref.startsWith('refs/heads/');
  const changes: unknown = typeof push === 'object' && push !== null && 'changes' in push ? push.changes : null;
  if (!Array.isArray(changes)) return true;
  return changes.some((change: unknown) => referenceType(change) !== 'branch');
}

function referenceType(change: unknown): unknown {
  const { new: created, old } = (change ?? {}) as { new?: unknown; old?: unknown };
  const reference = created ?? old;
  return typeof reference === 'object' && reference !== null && 'type' in reference ? reference.type : undefined;
}

/** Reads the body of a webhook: JSON, or a form whose field `payload` is JSON. Null for anything else. */
export function parsePushEvent(body: string): unknown {
  const text = body.startsWith('payload=') ? (new URLSearchParams(body).get('payload') ?? '') : body;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
