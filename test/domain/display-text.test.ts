import fc from 'fast-check'
import { expect, test } from 'vitest'
import { displayTextProblem, normalizedText } from '../../src/domain/display-text.ts'

const problemOf = (text: string): string | null => displayTextProblem(normalizedText(text))

test.each([
  '김민지',
  'Ann-Marie O’Neill',
  'Zoë',
  'Nguyễn Thị Ánh',
  'می‌خواهم', // Persian, with a non-joiner
  'क्‍ष', // Devanagari, with a joiner
  'ක්‍රිකට්',
  'שָׁלוֹם',
  'ที่นี่',
  '葛󠄀城', // an ideographic variant
  '👨‍👩‍👧 Family night',
  '❤️‍🔥',
  '👩🏽‍🚀',
  '★ 2027 ★',
  '⠓⠑⠇⠇⠕',
  '1',
])('%s can be shown', (text) => {
  expect(problemOf(text)).toBeNull()
  expect(normalizedText(text)).toBe(text.normalize('NFC'))
})

const code = (...points: number[]) => String.fromCodePoint(...points)

test.each<[what: string, text: string]>([
  ['a zero width space', '\u200b'],
  ['a Hangul filler', '\u3164'],
  ['a halfwidth Hangul filler', '\uffa0'],
  ['a Braille blank', '\u2800'],
  ['a Braille blank and a space', '\u2800 \u2800'],
  ['a combining mark alone', '\u0301'],
  ['spaces of other kinds', '\u00a0\u3000\u2003'],
  ['a soft hyphen in a word', 'Min\u00adji'],
  ['a word joiner at the end', 'Minji\u2060'],
  ['a filler at the end', '김\u3164'],
  ['a joiner between Latin letters', 'Min\u200dji'],
  ['a joiner at the end', '👨\u200d'],
  ['two non-joiners', 'می\u200c\u200cخواهم'],
  ['two variation selectors', '❤\ufe0f\ufe0f'],
  ['tag characters', `🏴${code(0xe0067, 0xe0062, 0xe007f)}`],
  ['a line separator', 'a\u2028b'],
  ['a private use character', 'a\ue000'],
  ['an unassigned character', `a${code(0x0378)}`],
  ['a noncharacter', 'a\ufdd0'],
  ['half of a pair', 'a\ud800'],
  ['seven marks', `a${'\u0353'.repeat(7)}`],
])('%s is refused', (_, text) => {
  expect(problemOf(text)).not.toBeNull()
})

const hidden = fc.oneof(
  ...[
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0x200b, 0x200b],
    [0x200e, 0x200f],
    [0x202a, 0x202e],
    [0x2060, 0x206f],
    [0xe000, 0xf8ff],
    [0xfff9, 0xfffb],
    [0xe0001, 0xe007f],
    [0xf0000, 0xffffd],
  ].map(([min, max]) => fc.integer({ min: min ?? 0, max: max ?? 0 })),
)

test('a hidden character is refused at any position', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      hidden,
      fc.string({ unit: 'grapheme' }),
      (before, point, after) => {
        // Not at the end, where some of them are space.
        expect(problemOf(`a${before}${code(point)}${after}a`)).not.toBeNull()
      },
    ),
    { numRuns: 2_000 },
  )
})

test('an accepted text is unchanged by a second normalisation', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const once = normalizedText(text)
      expect(normalizedText(once)).toBe(once)
      if (displayTextProblem(once) === null) expect(once).not.toBe('')
    }),
    { numRuns: 2_000 },
  )
})

test('two encodings of a letter are normalised to one', () => {
  expect(normalizedText(' e\u0301 ')).toBe('\u00e9')
})
