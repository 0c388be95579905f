import { OmitType, PartialType } from '@nestjs/swagger';
import { CreateModuleRequest } from './create-module.request';

/** What is absent stays; `null` clears what may be null. The address changes only while there are no versions. */
export class UpdateModuleRequest extends PartialType(OmitType(CreateModuleRequest, ['namespace_id'] as const), {
  skipNullProperties: false,
}) {}
