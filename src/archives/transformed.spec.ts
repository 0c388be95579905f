import { PassThrough } from 'node:stream';
import { createGunzip, createGzip, gunzipSync } from 'node:zlib';
import { transformed } from './transformed';

/** A source that says when it was let go of. */
function source(chunks: number, events: string[], fault?: Error): AsyncGenerator<Buffer> {
  return (async function* () {
    try {
      for (let index = 0; index < chunks; index++) yield Buffer.alloc(50_000, index);
      if (fault) throw fault;
    } finally {
      await new Promise((resolve) => setImmediate(resolve));
      events.push('let go');
    }
  })();
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

describe('transformed stream', () => {
  it('gives all that the transform gives', async () => {
    const packed = await collect(transformed(source(20, []), createGzip()));
    expect(gunzipSync(packed).length).toBe(1_000_000);
  });

  it('throws the error of the source', async () => {
    const events: string[] = [];
    await expect(collect(transformed(source(3, events, new Error('disk')), createGzip()))).rejects.toThrow('disk');
    expect(events).toEqual(['let go']);
  });

  it('has let go of the source when the transform fails', async () => {
    const events: string[] = [];
    await expect(collect(transformed(source(100, events), createGunzip()))).rejects.toThrow('incorrect header check');
    expect(events).toEqual(['let go']);
  });

  it('has let go of the source when the reader stops, also while the source waits', async () => {
    const events: string[] = [];
    const transform = new PassThrough({ highWaterMark: 1 });
    for await (const chunk of transformed(source(100, events), transform)) {
      expect(chunk.length).toBe(50_000);
      break;
    }
    expect(events).toEqual(['let go']);
    expect(transform.destroyed).toBe(true);
  });
});
