import { PatternAutomaton } from './pattern-automaton';
import { encodedForms, essentialForms, secretCore } from './secret-forms';

/**
 * How many bytes of patterns there may be in all before the encoded forms of further secrets are left out. It is
 * enough for some 80 kB of secrets and takes about 25 MB of memory.
 */
const ENCODED_FORMS_BUDGET = 1024 * 1024;

/** True when the masker looks for this value; others are too short to be masked without turning output into noise. */
export function isMaskable(secret: string): boolean {
  return secretCore(secret) !== null;
}

/**
 * The secrets of one run, made ready for masking. Building it costs some milliseconds; it is immutable and can be
 * shared by any number of maskers.
 */
export class SecretPatterns {
  /** How many of the secrets are too short to be masked. Empty ones are no secrets and do not count. */
  readonly tooShort: number;
  /** How many of the secrets are masked as they are, but not in encoded forms, since there are too many or too long ones. */
  readonly withoutEncodedForms: number;
  readonly #automaton: PatternAutomaton | null;

  constructor(secrets: readonly string[]) {
    const cores = new Set<string>();
    let tooShort = 0;
    for (const secret of new Set(secrets)) {
      const core = secretCore(secret);
      if (core !== null) cores.add(core);
      else if (secret !== '') tooShort++;
    }

    const forms = new Set<string>();
    let room = ENCODED_FORMS_BUDGET;
    let withoutEncodedForms = 0;
    // The shortest first: passwords and tokens are encoded more often than kilobytes of configuration.
    for (const core of [...cores].sort((a, b) => a.length - b.length)) {
      for (const form of essentialForms(core)) forms.add(form);
      const encoded = room > 0 ? encodedForms(core).filter((form) => !forms.has(form)) : [];
      room -= encoded.reduce((sum, form) => sum + form.length, 0);
      if (room >= 0) for (const form of encoded) forms.add(form);
      else withoutEncodedForms++;
    }
    this.tooShort = tooShort;
    this.withoutEncodedForms = withoutEncodedForms;
    this.#automaton = forms.size === 0 ? null : new PatternAutomaton([...forms].map((form) => Buffer.from(form)));
  }

  /** What finds the secrets; null when there is nothing to find. For the masker. */
  automaton(): PatternAutomaton | null {
    return this.#automaton;
  }
}
