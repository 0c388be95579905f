export { NamespaceContents } from './namespace-contents';
export { NamespacesModule } from './namespaces.module';
export { NamespacesService } from './namespaces.service';
