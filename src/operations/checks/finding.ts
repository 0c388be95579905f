/** What one check of the doctor found. */
export interface Finding {
  level: 'ok' | 'warn' | 'fail';
  name: string;
  /** What was found and, unless it is fine, what to do. Never a secret. */
  what: string;
}

export function ok(name: string, what: string): Finding {
  return { level: 'ok', name, what };
}

export function warn(name: string, what: string): Finding {
  return { level: 'warn', name, what };
}

export function fail(name: string, what: string): Finding {
  return { level: 'fail', name, what };
}
