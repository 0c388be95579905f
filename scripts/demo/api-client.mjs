/** The server answered something else than was expected. The message holds its whole answer. */
export class UnexpectedAnswerError extends Error {}

/** Calls the API with one key. Every answer that is not the expected one is an error. */
export class ApiClient {
  constructor(url, key) {
    this.url = url;
    this.key = key;
  }

  get(path, expected = 200) {
    return this.request('GET', path, undefined, expected);
  }

  post(path, body, expected = 201) {
    return this.request('POST', path, body, expected);
  }

  delete(path, expected = 204) {
    return this.request('DELETE', path, undefined, expected);
  }

  /** @returns the parsed body, or the text of an answer that is not JSON */
  async request(method, path, body, expected) {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status !== expected) {
      throw new UnexpectedAnswerError(`${method} ${path} answered ${response.status} instead of ${expected}:\n${text}`);
    }
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return isJson ? JSON.parse(text) : text;
  }

  /** Server-Sent Events, as they come: `{ id, event, data }`. */
  async *events(path) {
    const controller = new AbortController();
    const headers = { authorization: `Bearer ${this.key}` };
    const response = await fetch(`${this.url}${path}`, { headers, signal: controller.signal });
    if (response.status !== 200) {
      throw new UnexpectedAnswerError(`GET ${path} answered ${response.status}:\n${await response.text()}`);
    }
    try {
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body) {
        const frames = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
        text = frames.pop();
        for (const frame of frames) if (!frame.startsWith(':')) yield parseFrame(frame);
      }
    } finally {
      controller.abort();
    }
  }
}

function parseFrame(frame) {
  const fields = frame.split('\n').map((line) => line.split(/: (.*)/s, 2));
  const { id, event, data } = Object.fromEntries(fields);
  return { id, event, data: JSON.parse(data) };
}
