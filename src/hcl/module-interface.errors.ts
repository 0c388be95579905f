import { DomainError, type ErrorKind } from '../common/errors';

/** Why nothing at all is known of a module; a single file that cannot be read is a problem of the result instead. */
const KINDS = {
  'module-too-complex': 'unprocessable',
  'module-parser-crashed': 'unprocessable',
  'module-parser-stopped': 'unavailable',
} as const satisfies Record<string, ErrorKind>;

export type ModuleInterfaceErrorCode = keyof typeof KINDS;

/** What `ModuleInterfaceReader.read` rejects with when the module is there and its interface cannot be had. */
export class ModuleInterfaceError extends DomainError {
  constructor(
    override readonly code: ModuleInterfaceErrorCode,
    message: string,
    cause?: unknown,
  ) {
    super(KINDS[code], code, message);
    if (cause !== undefined) this.cause = cause;
  }
}

export function moduleTooComplex(limitMs: number): ModuleInterfaceError {
  return new ModuleInterfaceError(
    'module-too-complex',
    `Reading the configuration of this module took longer than ${limitMs / 1000} s and was stopped. ` +
      'Make its files smaller or simpler, large literal values first.',
  );
}

export function parserCrashed(cause: unknown): ModuleInterfaceError {
  return new ModuleInterfaceError(
    'module-parser-crashed',
    'The parser ended while it read the configuration of this module. Try again; if it happens again, make the files smaller or simpler.',
    cause,
  );
}

export function parserStopped(): ModuleInterfaceError {
  return new ModuleInterfaceError(
    'module-parser-stopped',
    'The server is stopping and reads no modules. Try again in a moment.',
  );
}
