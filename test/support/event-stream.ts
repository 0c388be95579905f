/** One Server-Sent Event. */
export interface StreamEvent {
  id: string;
  event: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into data of every shape
  data: any;
}

/** A stream that is being read. */
export interface EventStream {
  readonly status: number;
  /** All bytes so far. */
  readonly text: () => string;
  readonly events: () => StreamEvent[];
  /** Settles when the server has ended the stream. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Opens a stream and reads it in the background. */
export async function openStream(url: string, key: string, lastEventId?: string): Promise<EventStream> {
  const controller = new AbortController();
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${key}`, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
    signal: controller.signal,
  });
  let text = '';
  const decoder = new TextDecoder();
  const ended = (async () => {
    if (!response.body) return;
    try {
      for await (const chunk of response.body) text += decoder.decode(chunk, { stream: true });
    } catch {
      // Cut by us or by a server that died: what came until then counts.
    }
  })();
  return {
    status: response.status,
    text: () => text,
    events: () => parseEvents(text),
    ended,
    close: () => controller.abort(),
  };
}

/** The whole events of a stream; comments and an unfinished last one are left out. */
export function parseEvents(text: string): StreamEvent[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .filter((frame) => !frame.startsWith(':'))
    .map((frame) => {
      const field = (name: string): string =>
        frame
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2) ?? '';
      return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) };
    });
}
