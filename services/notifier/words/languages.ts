import type { Locale } from '../../../contracts/delivery.ts'
import { bokmal } from './bokmal.ts'
import { english } from './english.ts'
import type { Language } from './wording.ts'

/** The language of a locale. */
export function languageOf(locale: Locale): Language {
  switch (locale) {
    case 'en':
      return english
    case 'nb':
      return bokmal
    default:
      return locale satisfies never
  }
}
