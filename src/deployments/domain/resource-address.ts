import { InvalidFieldError } from '../../common/errors';

export const MAX_ADDRESS_LENGTH = 512;

const NAME = String.raw`[\p{ID_Start}_][\p{ID_Continue}-]*`;
/** A number, or a string without line breaks and without `${` or `%{`, which the tool does not take there. */
const KEY_CHARACTER = String.raw`\$\$\{|%%\{|[$%](?!\{)|\\(?:["\\nrt]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})|[^"\\$%\p{Cc}\p{Cs}]`;
const INDEX = String.raw`\[(?:[0-9]{1,18}|"(?:${KEY_CHARACTER})*")\]`;
const MODULE = String.raw`module\.${NAME}(?:${INDEX})?`;
const RESOURCE = String.raw`(?!(?:module|data|ephemeral)\.)${NAME}\.${NAME}(?:${INDEX})?`;

const MODULE_ADDRESS = new RegExp(`^${MODULE}(?:\\.${MODULE})*$`, 'u');
const MANAGED_RESOURCE_ADDRESS = new RegExp(`^(?:${MODULE}\\.)*${RESOURCE}$`, 'u');
const RESOURCE_ADDRESS = new RegExp(`^(?:${MODULE}\\.)*(?:(?:data|ephemeral)\\.)?${RESOURCE}$`, 'u');

/** What an address is used for: `-target` takes modules and data sources too, `-replace` only managed resources. */
export type AddressUse = 'target' | 'replace';

/**
 * Checks an address as in `module.network["eu"].aws_subnet.private[0]`. It is passed to the tool as one argument, so
 * what is refused here is what the tool would refuse in the middle of a run, or could take for something else.
 *
 * @throws InvalidFieldError
 */
export function assertResourceAddress(address: string, field: string, use: AddressUse): void {
  if (address.length > MAX_ADDRESS_LENGTH) {
    throw new InvalidFieldError(field, `An address must not have more than ${MAX_ADDRESS_LENGTH} characters.`);
  }
  const isValid =
    use === 'replace'
      ? MANAGED_RESOURCE_ADDRESS.test(address)
      : RESOURCE_ADDRESS.test(address) || MODULE_ADDRESS.test(address);
  if (!isValid) throw new InvalidFieldError(field, MESSAGES[use]);
}

const MESSAGES: Record<AddressUse, string> = {
  target: 'This is no address of a resource or module, such as aws_instance.web[0] or module.network["eu"].',
  replace:
    'This is no address of a managed resource, such as aws_instance.web[0] or module.network["eu"].aws_vpc.main.',
};
