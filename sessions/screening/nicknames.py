"""What people who bear a name are called, and how it is spelled, as data. Add to it freely.

English and Spanish first; names that are common where either is spoken beside them."""

import unicodedata
from typing import Final

# A given name and what people who bear it are called.
_DIMINUTIVES: Final = """
abigail: abby abbie gail
abraham: abe bram
adrian: ade
agustin: tin agus
albert alberto: al bert bertie beto tito
alejandra alexandra: alex ale sandra sandy lexi lexie alexa sasha jandra
alejandro alexander: alex ale al alec lex sandy xander sasha jano zander
alfonso alphonse: poncho fonso al
alfred alfredo: al fred freddy fredo
alicia: ali licha
amanda: mandy manda
amelia: amy millie mel
ana anna: annie anita nita
andrea: andy drea
andres andrew: andy drew drey
angela: angie
angelica: angie gelica
anthony antonio antony: tony toni tono nino anto
antonia: toni tonia tona
araceli: celi cheli ara
arthur arturo: art artie turo
barbara: barb babs barbie barbi
beatrice beatriz beatrix: bea bee trixie betty beti bety
benjamin: ben benny benji benjie benja
bernard bernardo: bernie nardo
brenda: bren
bridget: biddy bridie
caroline carolina carolyn: carol carrie caro lina callie
carlos: carlitos charly carlo litos
carmen: carmela carmencita menchu
cassandra: cass cassie sandra
catherine catalina: cathy cate cat kate katie kathy kit kitty cata lina trina
cecilia: cece ceci celia
charles: charlie charley chuck chaz chas carl
charlotte: charlie lottie char lotte
christina cristina: chris chrissy tina christy cris
christine: chris chrissy christie tina
christopher cristobal: chris kit topher kris toby
clara: clarita
concepcion: concha conchita
consuelo: chelo
cornelius: neil
cynthia: cindy cyn
daniel: dan danny dani
daniela danielle: dani danny ella
david: dave davey davy
deborah: deb debbie debby debra
dennis: denny den
diana: di
dolores: lola lolita loli
dominic domingo: dom nick mingo
donald: don donny donnie
dorothy: dot dottie dolly dory
douglas: doug dougie
eduardo edward: ed eddie ned ted teddy edu lalo eddy guayo
edwin: ed eddie win
elena helen helena: nell nellie lena nena ellie lenita
eleanor: ellie nell nora lenore
elias: eli
elijah: eli
elizabeth isabel: liz lizzie lizzy beth betty betsy eliza libby lisa elsie bess bessie chabela isa bela izzy bella ely liza
emily: em emmy millie
emma: em emmy
enrique henry: hank harry hal quique kike rico
ernest ernesto: ernie neto tito
esperanza: espe lancha
esteban stephen: steve stevie teban
eugene eugenio: gene kenio
evelyn: eve evie lyn
felipe philip: phil pip lipe
fernando ferdinand: fer nando ferdie nano
florence: flo flossie florrie
frances francisca: fran frannie frankie paca paquita pancha panchita
francis francisco: frank fran frankie paco pancho paquito cisco kiko curro
frederick: fred freddie freddy rick fritz
gabriel: gabe gabi gaby
gabriela gabrielle: gabby gabi gaby
gerald gerardo gerard: gerry jerry lalo
geoffrey: geoff jeff
george jorge: georgie koke yoyo jorgito
gilbert gilberto: gil bert beto
gloria: glo
gonzalo: chalo gonza
graciela: chela
gregory gregorio: greg gregg goyo
guadalupe: lupe lupita pita
guillermo: memo guille
gustavo: gus tavo
hannah: han
harold: harry hal
hector: tito hec
heriberto herbert: herb bert beto
hortensia: tencha
ignacio: nacho iggy
isaac: ike zac
isabella: bella izzy isa ella
jacob jacobo: jake coby jack
jacqueline: jackie jacky
jaime james: jim jimmy jamie jimbo jem
janet: jan
jasmine: jas jazz
javier xavier: javi xavi
jeffrey: jeff
jennifer: jen jenny jenn jenni
jeremiah jeremy: jerry jem
jessica: jess jessie
jesus: chuy chucho chus
joan joanna: jo joanie annie
joaquin: quino chimo
john: johnny jack jackie jon
jonathan: jon jonny john nate
joseph: joe joey jo
jose: pepe pepito chepe cheo joselito che
josefina josephine: josie jo fina pepa pepita chepa chepina
joshua: josh
juan: juanito juancho juanillo
juana: juanita
judith: judy judi
julia: jules juli
julian julio julius: jules juli
katherine kathleen: kate katie kathy kat kay kitty kit kathie
kenneth: ken kenny
kimberly: kim kimmie
lawrence lorenzo: larry lencho laurie lenny
laura: laurie lori lalita
leonardo leonard: leo lenny len nardo
leticia: lety leti
lillian liliana: lil lily lilly lili
linda: lin lindy
louis luis: lou lucho louie luisito güicho
louise luisa: lou lulu lucha
lucia lucy: lu luci lucita
lourdes: lulu lula
lydia lidia: lyddie lili
madeline magdalena: maddie maggie lena magda malena
manuel emmanuel: manny manolo manolito manu lito
marcella marcela: marcie chela
marcus marcos: marc mark marco
margaret margarita: maggie meg megan peggy peg marge margie rita greta mago daisy margo
maria: mary mari maruja mariquita marita marucha
mariana: nana mari
marisol: mari sol
martha marta: marty martita mattie
martin: marty tincho
mary: molly polly mae mamie may
matilda: tillie mattie tilda
matthew mateo: matt matty teo
maurice mauricio: mo moe mau
maximilian maximiliano: max maxi
melissa: mel missy lissa
mercedes: meche merche mercy
michael: mike mikey mick mickey micky mitch
miguel: migue miguelito mike
michelle: shelly shell mitch
miriam: mimi
mitchell: mitch
mohamed: mo moe
monica: moni nica
nancy: nan
natalia natalie: nat nata talia
nathan nathaniel: nat nate
nicholas nicolas: nick nicky nico niko colas
nicole: nicky nikki coco
octavio: tavo
oliver: ollie
olivia: liv livvy olly
oscar: ozzie
pamela: pam
patricia: pat patty tricia trish pati patti
patrick: pat paddy rick ricky
patricio: pato
paul pablo: pauly pablito
paula paulina pauline: pau polly
pedro peter: pete perico petey
penelope: penny nell
rachel raquel: rae rach quela
rafael raphael: rafa rafe rafi rafita
ramon raymond: ray moncho mon
raul: rulo
rebecca: becky becca beck
refugio: cuca cuco
ricardo richard: rick ricky rich richie dick dickie ricki cayo rico
robert roberto: bob bobby rob robbie bert beto tito robby berto
rodolfo rudolph: rudy fito rolfo
rodrigo: rod ro
ronald: ron ronnie
rosa: rosie rosita chayo
rosario: chayo charo
rosemary: rose rosie romy
ruben: rube benny
salvador: sal chava
samantha: sam sammie sammy
samuel: sam sammy
santiago: santi chago tiago diego yago
sarah: sally sadie sadi
sebastian: seb seba bas
sergio: checo
silvia sylvia: sil syl chiva
sofia: sofi sophie
solomon: sol
sophia: sophie
soledad: sole chole
stephanie estefania: steph stephie stefi fani
steven: steve stevie
stuart: stu
susan susana suzanne: sue susie suzy susi zuzu sukie
sylvester: sly
teresa theresa: terry tess tessa tere teri resa
terrence: terry
theodore teodoro: ted teddy theo teo
thomas tomas: tom tommy tomasito
timothy timoteo: tim timmy teo
tobias: toby
valentina valeria valerie: val vale tina
veronica: vero ronnie nica
vicente vincent: vince vinny vin chente
victor: vic vico
victoria: vicky vicki tori vic
virginia: ginny ginger vicky gina
vivian: viv
walter: walt wally
wendy: wen
wilfred: fred will
william: bill billy will willie willy liam wil
yolanda: yoli yola
zachary: zach zack zac
adalberto norberto humberto filiberto: beto berto
adolfo arnulfo: fito dolfo
ashley: ash
cameron: cam
desiree: des dezi
destiny: des desi
encarnacion: encarna
evangelina: eva lina vange
genevieve: gen evie
gwendolyn: gwen
harriet: hattie harry
jordan: jordy jory
kayla: kay
kevin: kev
lakeisha: keisha
latoya: toya
maribel marisela maricela: mari chela
milagros: mila
montserrat: montse
osvaldo: valdo
pilar: pili
reynaldo reinaldo: rey naldo
rigoberto: rigo beto
rocio: chio ro
roxana: roxy
socorro: coco
tanisha: nisha
tiffany: tiff
travis: trav
trinidad: trini
tyler tyrone tyrell: ty
wilfredo: fredo wil
xiomara: xio
yesenia: yesi
rajesh: raj
wojciech: wojtek
abdullah: abdul abdu
aleksandr: sasha sanya alex
aleksandra: sasha alex
dmitri: dima mitya
ekaterina: katya
ivan: vanya
mikhail: misha
natalya: natasha
nikolai: kolya
olga: olya
sergei: seryozha
svetlana: sveta
tatiana: tanya tania
vladimir: vova volodya vlad
yelena: lena
yevgeny: zhenya
анна: аня нюра анюта
александр: саша шура саня
александра: саша шура
алексей: леша алеша
анастасия: настя
виктория: вика
владимир: вова володя
дмитрий: дима митя
екатерина: катя катюша
елена: лена леночка
евгений: женя
иван: ваня
мария: маша маруся
михаил: миша
наталья: наташа
николай: коля
ольга: оля
сергей: сережа
татьяна: таня
"""

# One name in several spellings.
_SPELLINGS: Final = """
aaron aron
aisha ayesha aicha
alan allan allen
alejandro alexandro
alexander aleksandr alexandre alessandro
alisha alicia aleesha
ana anna
ann anne
anthony antony
brian bryan bryon
brittany britney brittney
caitlin kaitlyn katelyn caitlyn kaitlin
carl karl
carla karla
carlos karlos
caroline carolyn
catherine katherine kathryn catharine kathrine katharine cathryn katrin katerina catarina ekaterina
christian cristian kristian
christina cristina kristina
christine kristine kristin kristen
christopher kristopher cristopher cristofer
cindy cyndi
claire clare clair
colin collin
craig kraig
daniel danial
deborah debora debra
denise denice
deshawn dashawn dashaun
diana dianna diane
edward eduard
elena helena yelena
elisabeth elizabeth elizabet
emily emilie emely
eric erik erick
erica erika
esther ester
eugene yevgeny
fatima fatimah fatema
felipe philippe philip phillip
geoffrey jeffrey jeffery
george jorge
gina jina
graham graeme
hannah hanna hana
hasan hassan
hector ector
hussein husain hussain hossein
ian iain
ibrahim ebrahim abraham
ines inez
isabel isabelle isabella ysabel izabel
ivan yvan
jaclyn jacqueline jacklyn
jaime jaimie jamie
jasmine jazmin yasmin jasmin yazmin yasmine
javier xavier
jeremy jeremie
jesse jessie
jesus gesus
jillian gillian
joan jone
john jon
jonathan johnathan jonathon
jose yose
joseph josef yusuf youssef yousef
julia giulia
karen karin caren
kathleen cathleen
kayla cayla
kelly kelley kellie
kristy christy kristi christie
laura lora
laurence lawrence
leslie lesley
lilian lillian
lindsay lindsey
louis lewis luis
luca luka
lucas lukas
lucy lucie
lydia lidia
madeline madeleine madelyn
marc mark
marcos markos
maria mariah
marian marion
marie mary
martha marta
mateo matteo
matthew mathew
megan meghan meagan
meredith meridith
michael micheal mikhail mikael
michelle michele
mohamed mohammed muhammad mohammad muhammed mohamad
monica monika
natalia natalya
nathan nathen
nicholas nicolas nikolas nikolai
nicole nichole
oscar oskar
osama usama
patrick patric
rachel rachael
rafael raphael
rebecca rebekah rebeca
richard ricard
robin robyn
ruben reuben
sahar sahara
salma selma
samir sameer
sara sarah
sasha sacha
sean shawn shaun
sergei sergey serge
shannon shanon
sheila shiela
sofia sophia
sonia sonya sonja
stacy stacey stacie
stefan stephan
stephanie stefanie stefani
stephen steven stefan esteban
steve steeve
susan suzan
sylvia silvia
tanya tania
tatiana tatyana
teresa theresa
terry teri terri
thomas tomas
timothy timothee
tracy tracey traci
valerie valery
veronica veronika
vicente vincente vincent
viktor victor
viktoria victoria
vivian vivienne vivien
walid waleed
wendy wendi
will wil
xiao hsiao
yolanda iolanda
yvonne ivonne
zachary zachery zackary
zoe zoey
nguyen nguyễn nguyên
gonzalez gonzales
gomez gomes
hernandez fernandez
lopez lopes
martinez martines
perez peres
ramirez ramires
rodriguez rodrigues
sanchez sanches
smith smyth
johnson johnston jonson
thompson thomson
andersen anderson
petersen peterson
olsen olson
reed reid read
stewart stuart
"""


# Other names that many people bear: one of them is hardly a misspelling of another where the text
# says that somebody outside is meant.
_OTHERS: Final = """
adam adele ahmed aida aiden akira alan alba albert alejo alfonso alice alina alisa alonzo alma alvin amal
amani amara amaya amina amir amira amit amy ananya anders andre angel anika anil anita annette anton
antoine april arash ariana ariel arjun armando arnold arun ashley astrid audrey aurora austin ava avery
aziz barbara barry beatriz becky bella bernice bertha bethany betty bianca blake blanca bonnie boris brad
brandon brenda brent brett bruce bruno bryan caleb calvin camila carla carmen carol carrie cecil cedric
celeste celia chad chandra chelsea cheryl chloe cindy clark claudia clayton clifford clyde cody connie
corey courtney crystal curtis dale damian dana danny daria darlene darrell dawn dean debbie delia
deepak denise dennis derek derrick desmond diane diego dina dolores donald donna doris doug duane dustin
dylan earl eddie edgar edith eileen elaine elijah elisa ella ellen elmer elsa elsie emilio enrique erick
erin ernest estela esther ethan ethel eva fabian faisal farah farid fatma felix fernanda fiona floyd
gail garrett gary gene george gerald geraldine giovanni gladys glen gloria gordon graciela grant greg
guadalupe hanh harold harriet hasan heather hector heidi helga herbert herman hilda hiroshi holly homer
huda hugo humberto hung ian ida ilse imani imran ingrid irene iris irma irving isaac ismael ivonne jackie
jade jamal jan jana janet janice jared jasmine jason javier jean jeff jenna jeremy jerome jesse jill joan
joanne jocelyn jody joel johanna jonah jorge josefina joy joyce juan juana juanita judy julie julio june
kaitlyn kamal karen karim karina katrina keith kelly ken kenji kerry khaled khalid khanh kim kirk krista
kurt kyle lana lance larry laura lauren leah leila lena leon leonard leroy leslie lidia linda lindsey
ling lisa lloyd logan lois lola loretta lori lorraine lucas lucia luis lupe luz lyle lynn mabel mai
malik marcela marcia marco mariam mariana marilyn marina mario marion marisa marissa marjorie marlene
marsha marshall marta martha marvin mary matilde maureen maya megan mei melanie melinda melvin mercedes
meredith michele mila mildred milton mina minerva minh miranda miriam mitchell mohan moises molly mona
monique morgan morris mustafa myra myrtle nadia nadine naomi natasha neil nelson nicolas nina noah noel
noemi nora norma norman olga oliver omar oscar otto pablo pamela pat paula pauline pearl pedro peggy
penny perry peter phil phyllis pierre priya rachel rahim rahul ralph ramiro ramon randall randy raquel
rashid ravi raymond regina rhonda rita robin rocio rodney rodrigo roger roland romeo rosa rosalie
rosario rose ross roxanne roy ruby rudolf rusty ruth ryan sabrina sadie saeed sahar said sally salma
salvador samira sandra sanjay sara saul scott sean selena sergio seth shane shannon sharon shauna sheila
shelby shelly sherry shirley sidney silvia simon sonia spencer stacy stanley stella steve stewart sunil
susana suzanne svetlana tamara tammy tanya tara tariq tasha teresa thelma thu tiffany tim tina toby todd
tonya tracy trang travis trent trevor troy tyler tyrone valentina valerie vanessa vera vernon veronica
vicki victor vincent viola violet virginia vivian wade walter wanda warren wayne wendell wendy wesley
whitney willard wilma xavier yasmin yesenia yolanda yuki yusuf yvette yvonne zaid zainab zoe zulma
"""


def _lines(text: str) -> list[str]:
    """The lines of a table without accents, as names are compared."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if not unicodedata.combining(c)).strip().splitlines()


def _read_diminutives() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """What bearers of a name are called, and the names that somebody so called may bear."""
    called: dict[str, set[str]] = {}
    borne: dict[str, set[str]] = {}
    for line in _lines(_DIMINUTIVES):
        names, _, short = line.partition(":")
        for name in names.split():
            called.setdefault(name, set()).update(short.split())
            for word in short.split():
                borne.setdefault(word, set()).add(name)
    for line in _lines(_SPELLINGS):
        spelled = line.split()
        all_called = set().union(*(called.get(name, set()) for name in spelled))
        for name in spelled:
            called[name] = called.get(name, set()) | all_called
    return (
        {name: frozenset(short) for name, short in called.items()},
        {short: frozenset(names) for short, names in borne.items()},
    )


def _read_spellings() -> dict[str, frozenset[str]]:
    spelled: dict[str, set[str]] = {}
    for line in _lines(_SPELLINGS):
        names = set(line.split())
        for name in names:
            spelled.setdefault(name, set()).update(names - {name})
    return {name: frozenset(others) for name, others in spelled.items()}


CALLED, BORNE_BY = _read_diminutives()
SPELLED: Final = _read_spellings()
GIVEN: Final = frozenset({*CALLED, *BORNE_BY, *SPELLED, *_OTHERS.split()})
