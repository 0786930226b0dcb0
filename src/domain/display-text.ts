/** Validates text that is displayed: names and titles. Against invisible, misleading and overflowing text. */

/** More marks overlap the neighbouring lines. Tibetan stacks five, vocalised Hebrew four. */
const MARKS_MAX = 6

/** Invisible, or changes how the text around it is displayed: UTR 36, sections 2.5 and 2.8. */
const HIDDEN = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u
const EXCESS_MARKS = new RegExp(`\\p{M}{${MARKS_MAX + 1}}`, 'u')
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u
/** Format characters, fillers such as U+3164, variation selectors: UAX 44, Default_Ignorable_Code_Point. */
const IGNORABLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u
/** A Braille pattern without dots: a symbol that looks like a space. */
const BRAILLE_BLANK = /\u2800/gu

/**
 * Ignorable characters that are allowed, because they shape visible text: a joiner between emoji or in scripts that use joiners (UAX
 * 31, section 2.3), and one variation selector after its base character.
 */
const SHAPING = new RegExp(
  [
    '(?<=\\p{Extended_Pictographic}[\\ufe0f\\p{Emoji_Modifier}]?)\\u200d(?=\\p{Extended_Pictographic})',
    '(?<=[\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Mongolian}\\p{Script=Devanagari}\\p{Script=Bengali}' +
      '\\p{Script=Gurmukhi}\\p{Script=Gujarati}\\p{Script=Oriya}\\p{Script=Tamil}\\p{Script=Telugu}\\p{Script=Kannada}' +
      '\\p{Script=Malayalam}\\p{Script=Sinhala}\\p{Script=Khmer}])[\\u200c\\u200d](?=[\\p{L}\\p{M}])',
    '(?<=[\\p{Extended_Pictographic}\\p{Emoji}])[\\ufe0e\\ufe0f]',
    '(?<=\\p{Unified_Ideograph})[\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}]',
  ].join('|'),
  'gu',
)

/** NFC without surrounding space, so that equal-looking texts are equal. */
export const normalizedText = (text: string): string => text.normalize('NFC').trim()

/**
 * @param text normalised
 * @returns what is wrong, phrased to follow the field's name; null: nothing
 */
export function displayTextProblem(text: string): string | null {
  if (HIDDEN.test(text)) return 'must not contain control characters, line breaks or unassigned characters'
  if (IGNORABLE.test(text.replace(SHAPING, ''))) {
    return 'must not contain invisible characters, or characters that change the direction of writing'
  }
  if (EXCESS_MARKS.test(text)) return `must not have more than ${MARKS_MAX} combining marks in a row`
  if (!VISIBLE.test(text.replace(SHAPING, '').replace(BRAILLE_BLANK, '')))
    return 'must contain a visible character'
  return null
}
