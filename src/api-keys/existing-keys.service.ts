import { Injectable } from '@nestjs/common';
import { ApiKeyRepository } from './persistence/api-key.repository';

/** Tells other rooms which keys are there still: one that was deleted was revoked, one that has expired was not. */
@Injectable()
export class ExistingKeys {
  constructor(private readonly keys: ApiKeyRepository) {}

  /** Those of `ids` that nobody has deleted. */
  find(ids: string[]): Promise<Set<string>> {
    return this.keys.findExisting(ids);
  }
}
