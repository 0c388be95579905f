import { OmitType, PartialType } from '@nestjs/swagger';
import { CreateDeploymentRequest } from './create-deployment.request';

/** What is absent stays; `null` clears what may be null. A deployment never changes its namespace. */
export class UpdateDeploymentRequest extends PartialType(OmitType(CreateDeploymentRequest, ['namespace_id'] as const), {
  skipNullProperties: false,
}) {}
