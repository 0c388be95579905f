import { validationPipe } from '../common/http/validation.pipe';
import { InvalidFieldError } from '../common/errors';
import type { VariableInput } from './domain/variable';
import { VariableListRequest, type VariableRequest } from './dto/variable.request';

/**
 * A body that is a list. The pipe of all routes looks at no lists, so that it is given it as a field, which is also how
 * its errors name the fields (`variables.3.key`).
 * @throws DomainError (400)
 */
export async function readVariableList(body: unknown): Promise<VariableInput[]> {
  if (!Array.isArray(body)) throw new InvalidFieldError('variables', 'the body must be an array of variables');
  const pipe = validationPipe();
  const request = (await pipe.transform(
    { variables: body },
    { type: 'body', metatype: VariableListRequest },
  )) as VariableListRequest;
  return toInputs(request.variables);
}

export function toInputs(requests: readonly VariableRequest[]): VariableInput[] {
  return requests.map(({ key, value, category, sensitive = false, hcl = false }) => {
    return { key, value, category, sensitive, hcl };
  });
}
