/** What people say when they want more or less thinking: `level` is what they ask for. */
export interface Phrase {
  readonly text: string;
  readonly level: 1 | 3 | 4;
}

/**
 * In small letters without accents, words joined by one blank. A phrase is short on purpose: it must be said, not resembled.
 */
export const PHRASES: readonly Phrase[] = [
  ...phrases(
    4,
    'think very hard|think as hard as you can|think really hard|ultrathink|take all the time you need|maximum effort|think extremely hard',
  ),
  ...phrases(3, 'think hard|think harder|think deeply|think carefully|think it through|take your time|reason carefully|think thoroughly'),
  ...phrases(
    1,
    'quick answer|quick question|short answer|answer quickly|answer briefly|be quick|briefly answer|in one word|just the answer|answer only|no explanation|keep it short',
  ),
  ...phrases(3, '仔細思考|仔细思考|仔細想|仔细想|深入思考|認真思考|认真思考|好好想|深思熟慮|深思熟虑|慢慢想'),
  ...phrases(4, '極限思考|极限思考|盡全力思考|尽全力思考|竭盡全力|竭尽全力'),
  ...phrases(1, '快速回答|簡短回答|简短回答|簡單回答|简单回答|直接回答|只給答案|只给答案|不用解釋|不用解释|一句話|一句话'),
  ...phrases(3, 'よく考えて|じっくり考えて|深く考えて|慎重に考えて|しっかり考えて'),
  ...phrases(1, '簡潔に答えて|手短に|すぐに答えて|答えだけ|一言で|簡単に答えて'),
  ...phrases(3, '깊이 생각|신중하게 생각|신중히 생각|잘 생각해|곰곰이 생각|천천히 생각'),
  ...phrases(1, '간단히 답|짧게 답|빨리 답|빠르게 답|답만|한마디로|간단하게 답'),
  ...phrases(3, 'piensa bien|piensalo bien|piensa detenidamente|piensa con cuidado|reflexiona a fondo|piensa mucho|tomate tu tiempo'),
  ...phrases(1, 'respuesta rapida|respuesta corta|responde rapido|responde brevemente|solo la respuesta|pregunta rapida|en una palabra'),
  ...phrases(
    3,
    'denk gut nach|denke gut nach|denk genau nach|denke genau nach|denk scharf nach|denke scharf nach|uberlege genau|uberleg genau|denk grundlich nach|nimm dir zeit',
  ),
  ...phrases(1, 'kurze antwort|schnelle antwort|antworte kurz|nur die antwort|kurze frage|schnelle frage|antworte schnell|in einem wort'),
  ...phrases(
    3,
    'reflechis bien|reflechissez bien|reflechis profondement|pense bien|prends ton temps|prenez votre temps|reflechis attentivement',
  ),
  ...phrases(
    1,
    'reponse rapide|reponse courte|reponds vite|reponds brievement|seulement la reponse|question rapide|en un mot|reponds rapidement',
  ),
  ...phrases(
    3,
    'подумай хорошо|хорошо подумай|подумай тщательно|тщательно подумай|подумай как следует|подумай внимательно|хорошенько подумай|не торопись',
  ),
  ...phrases(
    1,
    'быстрый ответ|короткий ответ|ответь быстро|ответь кратко|ответь коротко|только ответ|быстрый вопрос|одним словом|кратко ответь',
  ),
  ...phrases(3, 'فكر جيدا|فكر بعمق|فكر بعناية|خذ وقتك|فكر مليا'),
  ...phrases(1, 'اجابة سريعة|اجابة قصيرة|اجب بسرعة|اجب باختصار|باختصار|سؤال سريع|الاجابة فقط'),
];

/** Before these the words are a statement about somebody, no request. */
export const SPEAKERS: readonly string[] = [
  'i',
  'we',
  'they',
  'people',
  'who',
  'he',
  'she',
  'you',
  'not',
  'yo',
  'ich',
  'wir',
  'je',
  'nous',
  'я',
  'мы',
  'не',
];

function phrases(level: Phrase['level'], text: string): readonly Phrase[] {
  return text.split('|').map((each) => ({ text: each, level }));
}
