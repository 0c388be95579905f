import { Injectable, OnApplicationShutdown } from '@nestjs/common';
import type { BackendOwner } from '../common/environment/environment-policy';
import { DomainError, type FieldError, InvalidFieldError } from '../common/errors';
import { PublicAddress } from '../common/http/public-address';
import { newId } from '../common/ids';
import { tokenVariable } from '../common/registry/usage';
import { SecretBox } from '../crypto/secret-box';
import { LiteralReader, ModuleInterfaceError, type ReadLiteral } from '../hcl';
import { type OpenVariable, type StoredVariable, type VariableInput, variableId } from './domain/variable';
import { checkVariables } from './domain/variable-rules';

/** A variable whose value is known in clear, or kept as it is stored. */
type Draft = VariableInput & { kept: StoredVariable | undefined };

/** Makes rows of variables: checks them, reads expressions, seals what is sensitive; and opens them for the work. */
@Injectable()
export class VariableSealer implements OnApplicationShutdown {
  private readonly literals = new LiteralReader();

  constructor(
    private readonly box: SecretBox,
    private readonly address: PublicAddress,
  ) {}

  onApplicationShutdown(): Promise<void> {
    return this.literals.close();
  }

  /**
   * The rows of a whole list. A sensitive one without a value keeps the stored one, with its id.
   * @param present the list that is stored now
   * @param backendOwner whose the backend of the runs is that get them
   * @throws DomainError (400) that names every field that is not valid
   */
  async seal(
    list: readonly VariableInput[],
    present: readonly StoredVariable[],
    backendOwner: BackendOwner,
  ): Promise<StoredVariable[]> {
    const token = tokenVariable(this.address.host);
    refuse(checkVariables(list, token === null ? [] : [token], backendOwner));
    const drafts = this.draft(list, present);
    const literals = await this.readLiterals(drafts);
    return drafts.map((draft, position) => this.rowOf(draft, position, literals.get(draft) ?? null));
  }

  /** @throws SecretUnreadableError */
  open(variable: StoredVariable): OpenVariable {
    const { id, key, category, value, parsed, sensitive } = variable;
    if (!sensitive) return { key, category, value, parsed, sensitive };
    return {
      key,
      category,
      value: this.box.open(value, valueContext(id)),
      parsed: parsed === null ? null : this.box.open(parsed, parsedContext(id)),
      sensitive,
    };
  }

  private draft(list: readonly VariableInput[], present: readonly StoredVariable[]): Draft[] {
    const stored = new Map(present.filter(({ sensitive }) => sensitive).map((row) => [variableId(row), row]));
    const errors: FieldError[] = [];
    const drafts = list.map((input, index): Draft => {
      if (input.value !== null) return { ...input, kept: undefined };
      const kept = input.sensitive ? stored.get(variableId(input)) : undefined;
      if (kept && kept.hcl === input.hcl) return { ...input, kept };
      // The same value in another meaning: read anew.
      if (kept) return { ...input, value: this.open(kept).value, kept: undefined };
      const message = 'must be given: there is no stored sensitive value of this variable that could be kept';
      errors.push({ field: `variables.${index}.value`, message });
      return { ...input, kept: undefined };
    });
    refuse(errors);
    return drafts;
  }

  private async readLiterals(drafts: readonly Draft[]): Promise<Map<Draft, string>> {
    const expressions = drafts.filter(({ hcl, kept }) => hcl && !kept);
    if (expressions.length === 0) return new Map();
    const read = await this.read(expressions.map(({ value }) => value ?? ''));
    const json = new Map<Draft, string>();
    const errors: FieldError[] = [];
    for (const [index, draft] of expressions.entries()) {
      const literal = read[index]!;
      if ('json' in literal) json.set(draft, literal.json);
      else
        errors.push({ field: `variables.${drafts.indexOf(draft)}.value`, message: problemOf(draft, literal.problem) });
    }
    refuse(errors);
    return json;
  }

  private async read(texts: string[]): Promise<ReadLiteral[]> {
    try {
      return await this.literals.read(texts);
    } catch (error) {
      // Its words are about modules.
      if (!(error instanceof ModuleInterfaceError) || error.kind !== 'unprocessable') throw error;
      throw new InvalidFieldError('variables', 'the expressions (hcl) are too large or too complex to be read');
    }
  }

  private rowOf({ kept, key, category, value, sensitive, hcl }: Draft, position: number, parsed: string | null) {
    if (kept) return { ...kept, position };
    const id = newId();
    const text = value ?? '';
    const row: StoredVariable = { id, key, category, value: text, parsed, sensitive, hcl, position };
    if (!sensitive) return row;
    row.value = this.box.seal(text, valueContext(id));
    row.parsed = parsed === null ? null : this.box.seal(parsed, parsedContext(id));
    return row;
  }
}

function refuse(errors: FieldError[]): void {
  if (errors.length === 0) return;
  const [first] = errors;
  throw new DomainError('invalid', 'validation-failed', `${first!.field}: ${first!.message}`, errors);
}

/** The parser's words may quote the text. */
function problemOf({ sensitive }: Draft, problem: string): string {
  return sensitive ? (/^is no expression(?:: line \d+)?/.exec(problem)?.[0] ?? problem) : problem;
}

function valueContext(id: string): string {
  return `variable:${id}`;
}

function parsedContext(id: string): string {
  return `variable:${id}:parsed`;
}
