import js from '@eslint/js'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['dist', 'drizzle', '.data', 'node_modules', 'coverage'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A number in a message is what it says; objects and promises in one are bugs and stay refused.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // No test depends on how fast the machine is. What waits has one generous limit; how long it took is not asserted.
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='vi'][property.name='waitFor']",
          message: 'Use eventually() of test/support/eventually.ts.',
        },
        {
          selector: "CallExpression[callee.property.name='poll'] Property[key.name='timeout']",
          message: 'The limit of vitest.config.ts is for every poll.',
        },
        {
          selector:
            "CallExpression[callee.property.name=/^toBeLess/][callee.object.arguments.0.operator='-'][callee.object.arguments.0.left.callee.property.name='now']",
          message: 'Assert what happens, or in which order, and not how long it took.',
        },
      ],
    },
  },
  {
    files: ['test/support/eventually.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        module: 'writable',
        setTimeout: 'readonly',
      },
    },
  },
)
