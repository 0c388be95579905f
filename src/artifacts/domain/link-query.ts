/** The parts of a download link. Their order does not matter, and neither does what a proxy adds. */
export interface LinkQuery {
  /** Until when the link works, in seconds since 1970. */
  expires: string;
  /** Whose file it is. */
  subject: string;
  signature: string;
}

/** Reads the query of a link; null when a part is missing or there twice, which no link of ours is. */
export function parseLinkQuery(query: Record<string, unknown>): LinkQuery | null {
  const { expires, for: subject, signature } = query;
  const isText = (part: unknown): part is string => typeof part === 'string' && part.length <= 128;
  if (!isText(expires) || !/^\d{1,12}$/.test(expires) || !isText(subject) || !isText(signature)) return null;
  return { expires, subject, signature };
}
