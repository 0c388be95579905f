import { cutPage, type ListQuery, type Page } from '../common/http/pagination';
import type { TagVersion } from './domain/tag-versions';
import { byVersionDescending } from './domain/versions';

/** A page of versions, highest first. */
export function cutVersions<T extends { version: string }>(versions: T[], query: ListQuery): Page<T> {
  return cutPage(
    versions.toSorted(byVersionDescending),
    query,
    ({ version }) => version,
    (item, key) => byVersionDescending({ version: key }, item) < 0,
  );
}

/** A page of tags, in the order of their names. */
export function cutTags(tags: TagVersion[], query: ListQuery): Page<TagVersion> {
  return cutPage(
    tags,
    query,
    ({ tag }) => tag,
    ({ tag }, key) => tag > key,
  );
}
