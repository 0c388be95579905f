import { PartialType } from '@nestjs/swagger';
import { CreateNamespaceRequest } from './create-namespace.request';

/** What is absent stays. The name stays once the namespace has published content. */
export class UpdateNamespaceRequest extends PartialType(CreateNamespaceRequest, { skipNullProperties: false }) {}
