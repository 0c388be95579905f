import { DomainError, InvalidFieldError } from './errors';

/** Runs a check that knows no field names and answers its refusal as one of `field`. */
export function refusingAs<T>(field: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof DomainError && !error.fields) throw new InvalidFieldError(field, error.message);
    throw error;
  }
}
