import type { Response } from 'express';
import type { StoredContent } from './state-contents.service';

/** Answers with a state, which holds secrets: nobody may keep it on the way. */
export async function sendState(response: Response, content: StoredContent): Promise<void> {
  response.status(200).set({
    'Content-Type': 'application/json',
    // So that a client sees when it was cut off.
    'Content-Length': String(content.sizeBytes),
    'Cache-Control': 'no-store',
  });
  try {
    await content.sendTo(response);
  } catch (error) {
    // Whoever asked has gone, perhaps with all of it: the length is known before the end is. There is nobody to tell.
    if ((error as NodeJS.ErrnoException | null)?.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
