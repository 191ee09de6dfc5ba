/**
 * Words that tell what kind of work is asked for, the same kinds in nine languages: what is learned of a kind in English holds for the others.
 * `calcu*` stands for all words that begin so (five letters exactly). Chinese, Japanese and Korean entries are runs of up to three characters.
 */
export const TOPICS = [
  'fact',
  'explain',
  'count',
  'prove',
  'calculate',
  'build',
  'code',
  'constraint',
  'compare',
  'logic',
  'order',
  'mathematics',
  'science',
  'chat',
  'optimum',
  'puzzle',
  'rewrite',
  'analysis',
  'negation',
  'measure',
  'english',
  'foreign',
] as const;

export type Topic = (typeof TOPICS)[number];

export const LEXICON: Readonly<Record<Topic, string>> = {
  fact:
    'who whom whose when where which what name capital born author called quien quando cuando donde cual wer wann wo welche welcher welches qui quand ou quel quelle ' +
    'кто когда где какой какая какое какие من متى أين اين ما اسم 誰 谁 何時 何时 哪裡 哪里 哪個 哪个 什麼 什么 首都 いつ どこ だれ 何 누구 언제 어디 무엇 수도 capitale hauptstadt hauptsta* stoli* столица столи* عاصمة',
  explain:
    'why how explain* expla* describe descr* understand cause causes reason por porque expli* como warum wieso wie erkla* pourquoi comment почему зачем объяс* как опиши لماذا كيف اشرح ' +
    '為什麼 为什么 解釋 解释 說明 说明 如何 なぜ 説明 理由 왜 설명 어떻게',
  count:
    'many much number total altogether count cuant* cuantos cuantas wieviel viele combien сколько كم عدد 多少 幾個 几个 いくつ 何個 何人 얼마 몇 개수',
  prove:
    'prove proof proofs show derive deriv* demostrar demuestra demue* demos* beweise beweis bewei* prouver prouve demontrer demon* доказ* докажи вывед* أثبت اثبت برهن برهان 證明 证明 推導 推导 証明 導出 증명 유도',
  calculate:
    'calcu* compute comput* solve find determine deter* evaluate evalu* simplify simpl* integrate integ* differ* estimate estim* calcula resuelve resol* halla deter* berechne berec* lose bestimme besti* finde ' +
    'calcule resous resoud* trouve вычис* найди найти реши решить опред* احسب حل أوجد اوجد جد 計算 计算 求 求解 解 計算し 解け 계산 구하 풀어',
  build:
    'write implement imple* create build design develop generate gener* construct const* code program make escribe escri* crea disena desar* schreibe schre* entwickle entwi* erstelle erste* ecris ecrire cree concois devel* ' +
    'напиши напис* созда* разра* реали* اكتب صمم أنشئ انشئ طور برمج 寫 写 編寫 编写 實現 实现 設計 设计 開發 开发 建立 構建 书写 書い 作成 実装 開発 作って 작성 구현 설계 개발 만들',
  code:
    'function funct* program progr* algorithm algor* compiler compi* python javascript javas* typescript types* java rust golang sql api class method array string list code bug debug server database datab* thread recursion recur* ' +
    'concurrent concu* distributed distr* regex script funcion progr* compi* funktion funkt* fonction fonct* функц* прогр* алгор* компи* код сервер دالة برنامج خوارزمية كود خادم 函數 函数 程式 程序 算法 演算法 編譯器 编译器 代碼 代码 ' +
    '関数 プログ アルゴ コンパ コード 함수 프로그 알고리 컴파일 코드',
  constraint:
    'must should at least most exactly only without each every none unless given such subject satisfy satis* require requi* constraint const* allowed cannot condition condi* debe solo sin cada exactamente exact* cada ninguno ' +
    'muss nur ohne jede jeder jedes genau mindestens minde* hoch* doit seulement seule* sans chaque exactement moins plus должен должна должны только без каждый каждая кажды* ровно хотя يجب فقط بدون كل كلا بالضبط ' +
    '必須 必须 只能 至少 至多 恰好 每個 每个 每 不得 條件 条件 滿足 满足 ただし 少なく 以下 以上 必ず 各 すべて 반드시 적어도 최소 최대 정확히 각 조건 모든',
  compare:
    'more less than greater larger smaller bigger faster older compare compa* difference diffe* versus vs better between mayor menor entre compara mehr weniger als groesser grosser kleiner vergleiche vergl* unter* plus moins entre ' +
    'больше меньше чем сравн* разница между отличи* أكثر اكثر أقل اقل قارن بين فرق 比較 比较 大於 大于 小於 小于 區別 区别 差異 差异 違い より 비교 차이 보다',
  logic:
    'if then all some no either or and therefore implies impli* true false conclude concl* statement state* premise premi* valid truth liar lies knight si entonces todos algunos wenn dann alle einige oder folgt wahr falsch alors tous ' +
    'certains si vrai faux если тогда все некоторые или следует истина ложь إذا اذا كل بعض أو او صحيح خطأ 如果 則 则 所有 真 假 或 もし ならば または 本当 嘘 만약 모두 참 거짓 또는',
  order:
    'first second third then next finally before after step steps last left right sequence seque* primero segundo despues antes paso pasos luego zuerst dann danach zuletzt schritt schritte vor nach premier ensuite etape etapes avant ' +
    'apres сначала затем потом перед после шаг шаги أولا اولا ثم بعد قبل خطوة خطوات 首先 然後 然后 最後 最后 之前 之後 之后 步驟 步骤 まず 次に 最後 順番 手順 먼저 다음 마지막 단계 순서',
  mathematics:
    'integer integ* equation equat* polynomial polyn* triangle trian* probability proba* matrix matri* prime integral function sum product divisor divis* modulo remainder remai* root square circle angle area perimeter perim* sequence ' +
    'fraction fract* ratio log vector real positive numbers entero enteros ecuacion ecuac* triangulo primo raiz gleichung gleic* dreieck dreie* wahrs* primzahl primz* wurzel entier entiers racine premier уравн* треуг* веро* вероя* простых ' +
    'простое корень целых целое чисел число матри* معادلة مثلث احتمال عدد أعداد اعداد أولي جذر مصفوفة 整數 整数 方程 三角形 機率 概率 質數 质数 素数 矩陣 矩阵 積分 积分 根 餘數 余数 方程式 確率 行列 積 정수 방정식 삼각형 확률 소수 행렬 적분',
  science:
    'energy mass velocity veloc* temperature tempe* pressure press* molecule molec* reaction react* force current voltage volta* wave quantum electron elect* atom gene protein prote* cell theory theor* hypothesis hypot* entropy entro* ' +
    'equilibrium equil* concentration conce* energia masa velocidad teoria energie masse geschw* kraft theorie энерг* масса скоро* сила теори* кванто* квант طاقة كتلة سرعة نظرية كم الكم 能量 質量 质量 速度 溫度 温度 量子 理論 理论 反應 反应 ' +
    'エネル 質量 温度 理論 量子 에너지 질량 속도 온도 양자 이론',
  chat: 'hi hello hey thanks thank bye please good morning ok okay yes name hola gracias buenos adios hallo danke guten tschuess bonjour merci salut bonsoir привет спасибо здрав* пока مرحبا شكرا السلام 你好 您好 謝謝 谢谢 再見 再见 こんに ありが おはよ 안녕 감사 고마',
  optimum:
    'maximum maxim* minimum minim* maximize minimize optimal optim* shortest short* longest longe* best largest large* smallest small* greatest great* highest highe* lowest maximo minimo optimo maximal minimal optimal kurzes* kuerz* beste ' +
    'максим* миним* оптим* кратч* наибо* наиме* أقصى أكبر أصغر أقصر أمثل 最大 最小 最優 最优 最短 最長 最长 最佳 最適 最長 최대 최소 최적 최단 최장',
  puzzle:
    'puzzle puzzl* grid board move moves rule rules clue clues cube sudoku maze player playe* card cards chess game houses house acertijo tablero ratsel raetsel spielfeld spiel enigme plateau jeu задача загад* доска ход ходов игра لغز رقعة لعبة ' +
    '謎題 谜题 棋盤 棋盘 規則 规则 數獨 数独 遊戲 游戏 パズル 盤 ルール 퍼즐 규칙 게임 보드',
  rewrite:
    'summarize summa* rewrite rewri* translate trans* paraphrase parap* shorten grammar gramm* spell correct tradu* traduce resume resum* ubers* ueber* zusam* traduis resume перев* переведи кратко исправь ترجم لخص صحح 翻譯 翻译 總結 总结 改寫 改写 摘要 翻訳 要約 書き直 번역 요약 고쳐',
  analysis:
    'analyze analy* strategy strat* architecture archi* plan tradeoff trade* evaluate critique criti* argue argument argum* assess asses* implications impli* optimize refactor refac* debug investigate inves* security secur* ' +
    'analiza anali* estra* arqui* analysiere analy* architektur analyse strategie архит* анали* проан* страт* оцени حلل تحليل استراتيجية بنية خطة 分析 策略 架構 架构 規劃 规划 評估 评估 權衡 权衡 優化 优化 戦略 設計 最適化 評価 분석 전략 아키텍 평가 최적화',
  negation:
    'not never no nor neither except incorrect false nunca no ningun nicht kein keine nie ne pas jamais aucun не нет никогда нельзя ليس لا لم لن 不 沒有 没有 非 未 ない ません 않 아니 없',
  measure:
    'dollar dolla* dollars cents km miles meter meters hour hours minutes minut* percent perce* per rate twice half times price cost costs weeks days years kg liters euro euros horas minutos precio doble mitad stunden minuten preis doppelt halb ' +
    'heures prix moitie double час часов часа минут цена рублей процентов вдвое половина ساعة دقيقة سعر نصف ضعف دولار 元 小時 小时 分鐘 分钟 公里 百分 倍 一半 價格 价格 時間 円 キロ 半分 시간 원 배 절반 가격',
  english: 'the of is are to in that a an it was for with on by this as be from at',
  foreign:
    'el la los las de del en un una es y que se con para su der die das ein eine und ist von zu den dem mit auf fur im le les des du et est une dans pour sur au aux il ce cette dans avec',
};
