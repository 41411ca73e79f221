import { readFileSync } from 'node:fs';

/** What a package.json says, as far as we ask. */
export interface Manifest {
  license?: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

export interface LockedPackage {
  name: string;
  version: string;
  isForDevelopment: boolean;
  license?: string;
  integrity?: string;
  hasInstallScript?: boolean;
}

interface LockEntry extends Omit<LockedPackage, 'name' | 'isForDevelopment'> {
  /** Where the package is installed under another name than its own. */
  name?: string;
  dev?: boolean;
}

export function manifestOf(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
}

/** Every package of a lock file, without the one that it belongs to. */
export function lockedPackages(file: string): LockedPackage[] {
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, LockEntry> };
  return Object.entries(packages)
    .filter(([place]) => place !== '')
    .map(([place, { dev = false, ...facts }]) => ({
      name: place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
      ...facts,
      isForDevelopment: dev,
    }));
}

/** The parts of a CycloneDX document that we ask for. */
export interface BillOfMaterials {
  bomFormat: string;
  metadata: { component: { name: string } };
  components: { name: string; version: string; hashes?: object[] }[];
}

export function componentsOf(text: string): BillOfMaterials {
  return JSON.parse(text) as BillOfMaterials;
}
