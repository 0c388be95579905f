import { OmitType, PartialType } from '@nestjs/swagger';
import { CreateProviderRequest } from './create-provider.request';

/** What is absent stays; `null` clears what may be null. The name changes only while there are no versions. */
export class UpdateProviderRequest extends PartialType(OmitType(CreateProviderRequest, ['namespace_id'] as const), {
  skipNullProperties: false,
}) {}
