import type { Transform } from 'node:stream';

/**
 * What a stream such as gzip makes of the chunks. Unlike with `pipeline`, nothing runs any more when the reader is told
 * of an error or has stopped: the source has been let go of (its files are closed), and so has the reader.
 * @throws the error of the source or of the transform
 */
export async function* transformed(source: AsyncIterable<Buffer>, transform: Transform): AsyncGenerator<Buffer> {
  // The loop below throws it; it must not bring down the process between two rounds of it.
  transform.on('error', () => undefined);
  const feeding = feed(source, transform);
  try {
    for await (const chunk of transform as AsyncIterable<Buffer>) yield chunk;
  } finally {
    transform.destroy();
    await feeding;
  }
}

/** Ends, and lets go of the source, when the source ends or the transform is destroyed. Never throws. */
async function feed(source: AsyncIterable<Buffer>, transform: Transform): Promise<void> {
  try {
    for await (const chunk of source) {
      if (transform.destroyed) return;
      if (!transform.write(chunk)) await drained(transform);
    }
    transform.end();
  } catch (error) {
    transform.destroy(error as Error);
  }
}

function drained(transform: Transform): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      transform.off('drain', go).off('close', go);
      resolve();
    };
    if (transform.closed) return resolve();
    transform.on('drain', go).on('close', go);
  });
}
