/**
 * The functions that the views call, in a schema `usher` of their own. None of them raises an error, whatever it is given, since
 * PostgreSQL may call them on rows that another condition leaves out: NULL stands for "the literal fails".
 *
 * Arithmetic is that of doubles, as in Usher; PostgreSQL raises an error where a result leaves their range, so operands of extreme
 * size take a slower way that catches it (and which a parallel plan refuses, loudly). A result of whole operands past 2^53 - 1 fails.
 */
interface SqlFunction {
  readonly needs: readonly FunctionName[]
  readonly sql: string
}

export type FunctionName =
  | 'number'
  | 'text'
  | 'order_key'
  | 'before'
  | 'settle'
  | 'extreme'
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'modulo'
  | 'negate'
  | 'absolute'
  | 'least_of'
  | 'greatest_of'
  | 'floor_of'
  | 'ceil_of'
  | 'round_of'
  | 'div'
  | 'truncate'
  | 'concat'
  | 'exact'
  | 'total'
  | 'mean'

const SAFE = '9007199254740991'

const functions: Record<FunctionName, SqlFunction> = {
  // jsonb holds decimals; a double's shortest decimal gives the same double back.
  number: plain('number', 'x jsonb', 'float8', "CASE WHEN jsonb_typeof(x) = 'number' THEN x::float8 END"),
  text: plain('text', 'x jsonb', 'text', "CASE WHEN jsonb_typeof(x) = 'string' THEN x #>> '{}' END"),
  // Usher orders strings by UTF-16 units, PostgreSQL's "C" by code points. They differ where U+E000 to U+FFFF meet characters past
  // U+FFFF: the former get a mark in front that sorts after all others.
  order_key: plain(
    'order_key',
    'x text',
    'text',
    `CASE WHEN octet_length(x) = char_length(x) THEN x
    ELSE regexp_replace(replace(x, U&'\\+10FFFF', U&'\\+10FFFF\\0001'), U&'([\\E000-\\FFFF])', U&'\\+10FFFF' || '\\1', 'g') END`,
  ),
  before: {
    needs: ['order_key', 'text'],
    sql: [
      definition(
        'before',
        'a text, b text',
        'boolean',
        'SELECT usher.order_key(a) COLLATE "C" < usher.order_key(b) COLLATE "C"',
      ),
      definition(
        'before',
        'a jsonb, b jsonb',
        'boolean',
        `SELECT CASE
    WHEN jsonb_typeof(a) = 'number' AND jsonb_typeof(b) = 'number' THEN a < b
    WHEN jsonb_typeof(a) = 'string' AND jsonb_typeof(b) = 'string' THEN usher.before(usher.text(a), usher.text(b))
  END`,
      ),
    ].join('\n'),
  },
  // -0 becomes 0.
  settle: plain(
    'settle',
    'x float8, whole boolean',
    'float8',
    `CASE WHEN abs(x) <= ${SAFE} OR NOT whole THEN x + 0.0::float8 END`,
  ),
  extreme: {
    needs: [],
    sql: program(
      'extreme',
      'op text, a float8, b float8',
      'float8',
      `BEGIN
  RETURN CASE op WHEN '+' THEN a + b WHEN '*' THEN a * b ELSE a / b END;
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN CASE WHEN op = '*' AND abs(a) < 1 AND abs(b) < 1 THEN 0 WHEN op = '/' AND abs(a) < abs(b) THEN 0 END;
END`,
      'PARALLEL UNSAFE',
    ),
  },
  add: binary('add', '+', 'abs(a) < 1e300 AND abs(b) < 1e300', 'a + b'),
  subtract: {
    needs: ['add'],
    sql: definition('subtract', 'a float8, b float8', 'float8', 'SELECT usher.add(a, -b)'),
  },
  multiply: binary(
    'multiply',
    '*',
    '(abs(a) BETWEEN 1e-150 AND 1e150 AND abs(b) BETWEEN 1e-150 AND 1e150) OR a = 0 OR b = 0',
    'a * b',
  ),
  divide: {
    needs: ['settle', 'extreme'],
    sql: program(
      'divide',
      'a float8, b float8',
      'float8',
      `BEGIN
  IF b = 0 THEN RETURN NULL; END IF;
  IF (abs(a) BETWEEN 1e-150 AND 1e150 AND abs(b) BETWEEN 1e-150 AND 1e150) OR a = 0 THEN
    RETURN usher.settle(a / b, a = trunc(a) AND b = trunc(b));
  END IF;
  RETURN usher.settle(usher.extreme('/', a, b), a = trunc(a) AND b = trunc(b));
END`,
    ),
  },
  // The remainder of doubles, without rounding: b is doubled as far as it fits into what is left of a, and taken away on the way back.
  modulo: {
    needs: ['settle'],
    sql: program(
      'modulo',
      'a float8, b float8',
      'float8',
      `DECLARE
  rest float8 := abs(a);
  size float8 := abs(b);
  step float8 := abs(b);
BEGIN
  IF b = 0 THEN RETURN NULL; END IF;
  IF rest <= ${SAFE} AND size <= ${SAFE} AND a = trunc(a) AND b = trunc(b) THEN
    RETURN (a::bigint % b::bigint)::float8;
  END IF;
  WHILE step <= rest - step LOOP step := step * 2; END LOOP;
  LOOP
    IF rest >= step THEN rest := rest - step; END IF;
    EXIT WHEN step = size;
    step := step / 2;
  END LOOP;
  RETURN usher.settle(CASE WHEN a < 0 THEN -rest ELSE rest END, a = trunc(a) AND b = trunc(b));
END`,
    ),
  },
  negate: settled('negate', 'a float8', '-a', 'a = trunc(a)'),
  absolute: settled('absolute', 'a float8', 'abs(a)', 'a = trunc(a)'),
  least_of: settled('least_of', 'a float8, b float8', 'least(a, b)', 'a = trunc(a) AND b = trunc(b)'),
  greatest_of: settled('greatest_of', 'a float8, b float8', 'greatest(a, b)', 'a = trunc(a) AND b = trunc(b)'),
  floor_of: settled('floor_of', 'a float8', 'floor(a)', 'a = trunc(a)'),
  ceil_of: settled('ceil_of', 'a float8', 'ceil(a)', 'a = trunc(a)'),
  // Halves away from zero; PostgreSQL's own round of doubles takes them to the even neighbour.
  round_of: settled(
    'round_of',
    'a float8',
    'sign(a) * (floor(abs(a)) + CASE WHEN abs(a) - floor(abs(a)) >= 0.5 THEN 1 ELSE 0 END)',
    'a = trunc(a)',
  ),
  div: {
    needs: ['settle', 'extreme'],
    sql: program(
      'div',
      'a float8, b float8',
      'float8',
      `DECLARE
  quotient float8;
BEGIN
  IF b = 0 THEN RETURN NULL; END IF;
  IF (abs(a) BETWEEN 1e-150 AND 1e150 AND abs(b) BETWEEN 1e-150 AND 1e150) OR a = 0 THEN quotient := a / b;
  ELSE quotient := usher.extreme('/', a, b);
  END IF;
  IF a = trunc(a) AND b = trunc(b) THEN quotient := floor(quotient); END IF;
  RETURN usher.settle(quotient, quotient = trunc(quotient));
END`,
    ),
  },
  truncate: settled('truncate', 'a float8', 'trunc(a)', 'TRUE'),
  concat: {
    needs: [],
    sql: definition('concat', 'a text, b text', 'text', 'SELECT a || b'),
  },
  // Every double is a whole number times a power of two, so a decimal can hold it without rounding. NULL past 2^900, where sums end.
  exact: {
    needs: [],
    sql: program(
      'exact',
      'x float8',
      'numeric',
      `DECLARE
  unit numeric := 1;
BEGIN
  IF abs(x) <= ${SAFE} AND x = trunc(x) THEN RETURN x::bigint::numeric; END IF;
  IF NOT abs(x) <= '8.452712498170644e+270'::float8 THEN RETURN NULL; END IF;
  WHILE abs(x) > ${SAFE} LOOP x := x / 2; unit := unit * 2; END LOOP;
  WHILE abs(x) < 1048576 LOOP x := x * 4294967296; unit := unit * 0.00000000023283064365386962890625; END LOOP;
  WHILE x <> trunc(x) LOOP x := x * 2; unit := unit * 0.5; END LOOP;
  RETURN x::bigint::numeric * unit;
END`,
    ),
  },
  total: plain('total', 'x numeric', 'float8', `CASE WHEN abs(x::float8) <= ${SAFE} THEN x::float8 + 0.0::float8 END`),
  mean: {
    needs: ['extreme'],
    sql: definition(
      'mean',
      'sum float8, count bigint',
      'float8',
      `SELECT CASE WHEN sum = 0 THEN 0 WHEN abs(sum) > 1e-300 THEN sum / count ELSE usher.extreme('/', sum, count) END`,
    ),
  },
}

/** SQL that makes the schema, and these functions with all they call. */
export function functionsSql(used: Iterable<FunctionName>): string {
  const wanted = new Set<FunctionName>()
  const want = (name: FunctionName) => {
    functions[name].needs.forEach(want)
    wanted.add(name)
  }
  for (const name of used) want(name)
  if (wanted.size === 0) return ''
  const all = (Object.keys(functions) as FunctionName[]).filter(name => wanted.has(name))
  return `CREATE SCHEMA IF NOT EXISTS usher;\n\n${all.map(name => functions[name].sql).join('\n')}`
}

/** Every function there is: for databases that many translations share. */
export const allFunctions = Object.keys(functions) as readonly FunctionName[]

/** A function of one expression. */
function plain(name: string, parameters: string, result: string, expression: string): SqlFunction {
  return { needs: [], sql: definition(name, parameters, result, `SELECT ${expression}`) }
}

function settled(name: string, parameters: string, expression: string, whole: string): SqlFunction {
  return {
    needs: ['settle'],
    sql: definition(name, parameters, 'float8', `SELECT usher.settle(${expression}, ${whole})`),
  }
}

function binary(name: string, operator: string, harmless: string, expression: string): SqlFunction {
  const sql = program(
    name,
    'a float8, b float8',
    'float8',
    `BEGIN
  IF ${harmless} THEN
    RETURN usher.settle(${expression}, a = trunc(a) AND b = trunc(b));
  END IF;
  RETURN usher.settle(usher.extreme('${operator}', a, b), a = trunc(a) AND b = trunc(b));
END`,
  )
  return { needs: ['settle', 'extreme'], sql }
}

function definition(name: string, parameters: string, result: string, body: string): string {
  return `CREATE OR REPLACE FUNCTION usher.${name}(${parameters}) RETURNS ${result}
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  ${body}
$$;
`
}

function program(name: string, parameters: string, result: string, body: string, parallel = 'PARALLEL SAFE'): string {
  return `CREATE OR REPLACE FUNCTION usher.${name}(${parameters}) RETURNS ${result}
  LANGUAGE plpgsql IMMUTABLE STRICT ${parallel} AS $$
${body}
$$;
`
}
