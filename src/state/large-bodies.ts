import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { KeyedMutex } from '../common/concurrency/keyed-mutex';
import { BODY_IDLE_MS } from '../common/http/idle-bodies';
import { readBody } from '../common/http/read-body';
import { StateConfig } from '../config/config';

/** Larger states are taken one after the other: each is held in memory several times over while it is looked at. */
const LARGE_BYTES = 16 * 2 ** 20;

/** Takes in the bodies of requests that bring a state, so that many large ones at once do not fill the memory. */
@Injectable()
export class LargeBodies {
  private readonly turns = new KeyedMutex();

  constructor(private readonly config: StateConfig) {}

  /**
   * Reads the body and hands it on. A large one, or one of unknown length, is read only when it is its turn.
   * @throws DomainError `body-too-large`, `bad-request`; whatever `take` throws
   */
  async take<T>(request: Request, take: (bytes: Buffer) => Promise<T>): Promise<T> {
    const read = async (): Promise<T> => take(await readBody(request, this.config.maxBytes));
    const length = Number(request.headers['content-length'] ?? this.config.maxBytes);
    // One that is too large is refused without being read.
    if (length <= LARGE_BYTES || length > this.config.maxBytes) return read();
    // It is we who make the client wait.
    request.setTimeout(0);
    return this.turns.run('large', () => {
      request.setTimeout(BODY_IDLE_MS);
      return read();
    });
  }
}
