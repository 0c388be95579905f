import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ByteBudget } from '../common/concurrency/byte-budget';
import { BODY_IDLE_MS } from '../common/http/idle-bodies';
import { readBody } from '../common/http/read-body';
import { StateConfig } from '../config/config';
import { LARGE_STATE_BYTES } from './work/state-workshop.service';

/** Of large states that are in memory at once. Each is there twice while it is worked on: as it is, and sealed. */
const BUDGET_BYTES = 32 * 2 ** 20;

/** Bounds the large states that are held in memory, so that many at once do not fill it: the others wait for their turn. */
@Injectable()
export class LargeStates {
  private readonly budget = new ByteBudget(BUDGET_BYTES);

  constructor(private readonly config: StateConfig) {}

  /**
   * Reads the body of a request that brings a state, and hands it on. A large one, or one of unknown length, is read only
   * when it is its turn.
   * @throws DomainError `body-too-large`, `bad-request`; whatever `take` throws
   */
  async take<T>(request: Request, take: (bytes: Buffer) => Promise<T>): Promise<T> {
    const read = async (): Promise<T> => take(await readBody(request, this.config.maxBytes));
    const length = Number(request.headers['content-length'] ?? this.config.maxBytes);
    // One that is too large is refused without being read.
    if (length <= LARGE_STATE_BYTES || length > this.config.maxBytes) return read();
    // It is we who make the client wait.
    request.setTimeout(0);
    return this.budget.run(length, () => {
      request.setTimeout(BODY_IDLE_MS);
      return read();
    });
  }

  /** Does work that holds a state of so many bytes in memory, when it is its turn. */
  hold<T>(sizeBytes: number, work: () => Promise<T>): Promise<T> {
    return sizeBytes <= LARGE_STATE_BYTES ? work() : this.budget.run(sizeBytes, work);
  }
}
