import { DomainError, InvalidFieldError } from '../common/errors';

/** Runs a check that knows no field names and answers its refusal as one of `field`. */
export function refusingAs(field: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof DomainError && !error.fields) throw new InvalidFieldError(field, error.message);
    throw error;
  }
}
