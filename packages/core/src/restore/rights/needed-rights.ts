import type { DefinitionStep } from '../database/definitions/definition-steps.ts'

/** What a restore of a backup needs beside the rights of an owner. Plain JSON. */
export interface NeededRights {
  /** Roles that objects belong to. */
  owners: { role: string; objects: number; first: string }[]
  /** What only certain roles may make. */
  special: SpecialNeed[]
}

export interface SpecialNeed {
  kind: SpecialKind
  name: string
  /** By which it can be left out; see `RestoreOptions.leaveOut`. */
  leaveOut: string
}

export type SpecialKind =
  | 'extension'
  | 'event-trigger'
  | 'publication'
  | 'subscription'
  | 'language'
  | 'wrapper'
  | 'default-privileges'
  | 'superuser'

/** Pure; over the steps that remain when everything chosen has been left out. */
export function neededRights(steps: readonly DefinitionStep[], { noOwner }: { noOwner: boolean }): NeededRights {
  const owners = new Map<string, { role: string; objects: number; first: string }>()
  const special: SpecialNeed[] = []
  const allTables = new Set<string>()
  for (const step of steps) {
    const need = specialNeed(step)
    if (need && !(need.kind === 'publication' && allTables.has(need.name))) {
      special.push(need)
      if (need.kind === 'publication') allTables.add(need.name)
    }
    if (need || noOwner || step.owner === null || step.sql === null || annotations.has(step.kind)) continue
    const known = owners.get(step.owner)
    if (known) known.objects++
    else owners.set(step.owner, { role: step.owner, objects: 1, first: step.name })
  }
  return { owners: [...owners.values()], special: unique(special) }
}

const annotations = new Set(['ACL', 'COMMENT', 'SECURITY LABEL', 'TABLE DATA', 'SEQUENCE SET'])

/** What of a step no owner of a database may do as such; null where there is nothing. */
export function specialNeed({ kind, tag, sql, owner, name }: DefinitionStep): SpecialNeed | null {
  const need = (of: SpecialKind, leaveOut: string, named = tag): SpecialNeed => ({ kind: of, name: named, leaveOut })
  const text = sql ?? ''
  switch (kind) {
    case 'EXTENSION':
      return need('extension', `EXTENSION ${tag}`)
    case 'EVENT TRIGGER':
      return need('event-trigger', `EVENT TRIGGER ${tag}`)
    case 'SUBSCRIPTION':
      return need('subscription', `SUBSCRIPTION ${tag}`)
    case 'PUBLICATION':
      return /\bFOR ALL TABLES\b/.test(text) ? need('publication', `PUBLICATION ${tag}`) : null
    case 'PUBLICATION TABLES IN SCHEMA': {
      const publication = tag.split(' ')[0] ?? tag
      return need('publication', `PUBLICATION ${publication}`, publication)
    }
    case 'PROCEDURAL LANGUAGE':
      return need('language', name)
    case 'FOREIGN DATA WRAPPER':
      return need('wrapper', `FOREIGN DATA WRAPPER ${tag}`)
    case 'DEFAULT ACL':
      return owner === null ? null : need('default-privileges', `DEFAULT PRIVILEGES FOR ROLE ${owner}`, owner)
    case 'FUNCTION':
      return /^\s+LANGUAGE (c|internal)\b/im.test(text) ? need('superuser', name, name) : null
    case 'TYPE':
      return /^\s*INPUT = /m.test(text) ? need('superuser', name, name) : null
    case 'CAST':
      return /WITHOUT FUNCTION/.test(text) ? need('superuser', name, name) : null
    case 'ACL':
      return /^SET SESSION AUTHORIZATION /m.test(text) ? need('superuser', name, name) : null
    default:
      return superuserKinds.has(kind) ? need('superuser', name, name) : null
  }
}

const superuserKinds = new Set([
  'ACCESS METHOD',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'SHELL TYPE',
  'TEXT SEARCH PARSER',
  'TEXT SEARCH TEMPLATE',
])

function unique(needs: SpecialNeed[]): SpecialNeed[] {
  return [...new Map(needs.map((need) => [`${need.kind} ${need.leaveOut}`, need])).values()]
}
