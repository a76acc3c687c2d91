"""People and sentences of which notes are made for a test of what is found in them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Material:
    """First names with what their bearers are also called, surnames, those of both that are words
    too, relatives outside, and sentences that plant a name, hold none, or hold one's own."""

    first: dict[str, list[str]]
    last: list[str]
    ordinary: set[str]
    outside: list[str]
    planted: dict[str, list[str]]
    possessive: list[str]
    clean: dict[str, list[str]]
    own: list[str]


# First name, what the person is also called (nobody wrote that down for the search).
_FIRST = {
    "Marisol": ["Mari"], "José": ["Pepe"], "Guadalupe": ["Lupe", "Lupita"], "Robert": ["Bob", "Rob", "Bobby"],
    "William": ["Bill", "Billy"], "Elizabeth": ["Liz", "Beth", "Betty"], "Francisco": ["Paco", "Pancho"],
    "Ignacio": ["Nacho"], "Margaret": ["Peggy", "Maggie"], "Tuấn": [], "Ngọc": [], "Linh": [], "Minh": [],
    "Deshawn": [], "Latoya": [], "Tyrone": ["Ty"], "Kathryn": ["Kathy", "Katie"], "Jonathan": ["Jon"],
    "Ana": ["Anita"], "Renée": [], "Zoë": [], "Søren": [], "Łukasz": [], "Jürgen": [], "Siobhán": [],
    "Anne-Marie": [], "María José": [], "Mary Ellen": [], "Jean-Pierre": [], "Ana Lucía": [],
    "Ahmed": [], "Fatima": [], "Yusuf": [], "Mohamed": [], "Aisha": [], "Olena": [], "Dmitri": ["Dima"],
    "Svetlana": ["Sveta"], "Will": [], "Hope": [], "Grace": [], "Mark": [], "May": [], "Art": [], "Faith": [],
    "Joy": [], "Rose": [], "Summer": [], "Luz": [], "Paz": [], "Rosa": ["Rosita"], "April": [], "Dolores": ["Lola"],
    "Christopher": ["Chris"], "Alejandro": ["Alex"], "Gabriela": ["Gaby"], "Jennifer": ["Jenny", "Jen"],
    "Michael": ["Mike"], "Enrique": ["Quique"], "Concepción": ["Concha"], "Jesús": ["Chuy"], "Eduardo": ["Lalo"],
    "Samantha": ["Sam"], "Benjamin": ["Ben", "Benny"], "Wojciech": [], "Oluwaseun": [], "Chidi": [], "Priya": [],
    "Rajesh": [], "Mei": [], "Hiroshi": [], "Thanh": [], "Nikolai": ["Kolya"], "Precious": [], "Destiny": [],
    "Brandon": [], "Ashley": [], "Tiffany": [], "Kevin": [], "Travis": [], "Marcus": [], "Darnell": [], "Yolanda": ["Yoli"],
    "Rafael": ["Rafa"], "Beatriz": ["Bety"], "Esperanza": [], "Soledad": ["Chole"], "Thomas": ["Tom"], "Susan": ["Sue"],
}  # fmt: skip
_LAST = [
    "Rivera", "Nguyễn", "Kowalski", "García Márquez", "de la Cruz", "van der Berg", "O'Brien", "Smith-Jones",
    "Baker", "Hill", "Brown", "Young", "Cook", "Reyes", "Flores", "Bell", "Rivers", "Nuñez", "Peña", "Ibáñez", "Trần",
    "Phạm", "Lê", "Washington", "Jefferson", "Okafor", "Adeyemi", "Haddad", "al-Masri", "Petrenko", "Ivanova",
    "Sørensen", "Müller", "D'Angelo", "McAllister", "Fernández Ortiz", "Gutiérrez", "Castellanos", "Thibodeaux",
    "Delacroix", "Yamamoto", "Patel", "Chaudhary", "Stone", "Marsh", "Wood", "Santos", "León", "Guerra", "Zapata",
]  # fmt: skip
_ORDINARY = {
    "Will", "Hope", "Grace", "Mark", "May", "Art", "Faith", "Joy", "Rose", "Summer", "Luz", "Paz", "Rosa", "April",
    "Concepción", "Dolores", "Precious", "Destiny", "Esperanza", "Soledad", "Baker", "Hill", "Brown", "Young", "Cook", "Reyes",
    "Flores", "Bell", "Rivers", "Stone", "Marsh", "Wood", "Santos", "León", "Guerra",
}  # fmt: skip
_OUTSIDE = [
    "Karen", "Steve", "Doug", "Heather", "Todd", "Lorraine", "Ramiro", "Graciela", "Ernesto", "Nadia", "Bruce",
    "Vanessa", "Hugo", "Irma", "Cliff", "Shauna", "Pedro", "Teresa", "Curtis", "Wanda", "Oscar", "Leticia", "Anton",
    "Brenda", "Felipe", "Monique", "Gail", "Rubén", "Trang", "Omar", "Sarah", "Daniel", "Laura", "Peter", "Julia",
]  # fmt: skip

_PLANTED = {
    "en": [
        "{} said that mornings are the hardest.", "She sat beside {} and felt calmer.", "After the break {} came in late.",
        "He told {} about the bus pass.", "We listened while {} read a poem.", "{} offered to save a seat next week.",
        "They planned to call {} on the weekend.", "It helped to hear from {} how the first week went.",
        "Thanks to {}, the circle stayed kind.", "{} and the others laughed about the burnt rice.",
        "Laughed a lot with {}.", "“I was like {} last year,” was the answer.", "Went for a walk with {} at lunch.",
        "Asked whether {} could share the recipe.", "{} brought coffee for everyone.", "Agreed with {} that sleep matters.",
    ],
    "es": [
        "{} dijo que dormir le cuesta mucho.", "Se sentó al lado de {} y respiró mejor.", "Después habló con {} en el pasillo.",
        "Escuchó a {} con atención.", "{} contó cómo fue su primera semana.", "Quiere llamar a {} el fin de semana.",
        "Le gustó lo que dijo {} sobre su familia.", "Al final {} y los demás se rieron.", "Gracias a {} se sintió en confianza.",
    ],
}  # fmt: skip
_POSSESSIVE = [
    "It was {}'s turn to read.", "She liked {}’s idea of a shared calendar.", "He borrowed {}'s pen and gave it back.",
    "{}'s story stayed with them.",
]  # fmt: skip
_CLEAN = {
    "en": [
        "Talked about the bus from Portland and the long wait in the rain.", "Will try to walk each morning before breakfast.",
        "Hope was the word of the day.", "May be able to come on Thursday.", "In May the garden opens again.",
        "Mark the calendar: the picnic is on Saturday.", "Art helped more than talking today.", "Faith and patience came up often.",
        "Joy is allowed, even on hard days.", "Rose early, had tea, wrote three lines.", "Summer is when the shelter is full.",
        "Grace before lunch was a family habit.", "We used the WRAP plan and the card from SAMHSA.", "On Monday the clinic moved to Harbor Street.",
        "Her sister {outside} called from Boston.", "His dog {outside} sleeps at the door.", "A cousin named {outside} helped with the rent.",
        "Spoke with Dr. {outside} about the new dose.", "The Red Cross shelter on Mill Road has beds.", "Watched the Super Bowl with neighbors.",
        "Medicaid sent the letter to the old address.", "Plans to visit the Public Library near City Hall.", "Christmas is a hard time; so is Thanksgiving.",
        "Said “I am proud of myself” and smiled.", "Took part by listening; nodded often.", "Read aloud from The Four Agreements.",
        "The bakery opens early and the hill is steep.", "A young man on the bus was kind.", "Cook once, eat twice: that was the tip.",
        "Baked bread with brown sugar.", "Rivers and woods calm the mind.", "The church bell marked the hour.",
        "Stone by stone, as the saying goes.", "Practiced box breathing and five things you can see.", "Wants to learn English and Spanish verbs.",
        "Felt anxious Tuesday; by Friday it had eased.", "The Zoom link did not work at first.", "Asked about Narcan training at the Harbor Center.",
        "Went to an AA meeting at St. Mark's Church.", "Moved from San José to Oregon in March.", "The judge in Multnomah County moved the date.",
        "Wrote: Breathe. Rest. Begin again.", "Everyone named one good thing.", "OK with a call next week, but no text messages.",
        "Nobody had to speak. Most did.", "Laughed about old songs by Prince and Selena.", "Got the keys for the apartment on Grace Street.",
        "Would like a job at Target or at the hospital.", "Marked three days on the chart and hoped for a fourth.", "Marching band practice starts soon.",
    ],
    "es": [
        "Hoy hablamos de la esperanza y de la paz en casa.", "La luz de la mañana le ayuda a levantarse.", "En abril empieza el curso de inglés.",
        "Su hermana {outside} vive en Chicago.", "Su primo {outside} lo llamó el domingo.", "Va a la iglesia de Santa Rosa los jueves.",
        "Trajo flores del mercado.", "La guerra en su país le duele todavía.", "Practicamos la respiración y nombramos cinco cosas.",
        "Dice que los dolores de espalda han bajado.", "El día de los Reyes extrañó a su familia.", "Quiere trabajar en una panadería de Brooklyn.",
        "Todos escucharon con respeto.", "Marcó tres días en el calendario.", "Llegó temprano y ayudó con las sillas.",
        "Rosas y café: así empezó el día.", "Le gusta caminar junto al río.", "“Estoy aquí y eso cuenta”, repitió.",
        "El martes tiene cita en el Hospital General.", "Mañana será otro día.", "Santos y leones: hablamos de lo que da fuerza.",
        "Soledad no es lo mismo que estar en silencio.", "Paz fue la palabra del día.",
    ],
}  # fmt: skip
_OWN = [
    "{} took part from the start.",
    "Today {} wrote a list of strengths.",
    "{} quiere volver la próxima semana.",
]

FIRST = Material(_FIRST, _LAST, _ORDINARY, _OUTSIDE, _PLANTED, _POSSESSIVE, _CLEAN, _OWN)

# Other people and other sentences, written after the first were settled.
SECOND = Material(
    first={
        "Araceli": ["Celi"], "Tomás": ["Tommy"], "Nicolás": ["Nico"], "Verónica": ["Vero"], "Manuel": ["Manny", "Manolo"],
        "Leticia": ["Lety"], "Rebecca": ["Becky"], "Patrick": ["Pat"], "Theodore": ["Ted", "Teddy"], "Katherine": ["Kate", "Kathy"],
        "Anthony": ["Tony"], "Deborah": ["Debbie"], "Andrés": ["Andy"], "Santiago": ["Santi"], "Rosario": ["Charo"],
        "Graciela": [], "Hùng": [], "Thảo": [], "Phương": [], "Quân": [], "Jamal": [], "Keisha": [], "Shanice": [],
        "Malik": [], "Björn": [], "Zofia": [], "Ágnes": [], "Håkon": [], "Noémie": [], "Jean-Luc": [], "Mary Kate": [],
        "José Luis": [], "Ana Belén": [], "Luz María": [], "Omar": [], "Layla": [], "Ibrahim": [], "Khadija": [], "Bogdan": [],
        "Oksana": [], "Sergei": [], "Natalya": ["Natasha"], "Ruby": [], "Daisy": [], "Chance": [], "Sky": [], "June": [],
        "Angel": [], "Amparo": [], "Mercedes": ["Meche"], "Consuelo": ["Chelo"], "Pilar": ["Pili"], "Gene": [], "Frank": [],
        "Dawn": [], "Misty": [], "Autumn": [], "Trinity": [], "Jasmine": [], "Brianna": [], "Tyler": ["Ty"], "Dwayne": [],
        "Lakshmi": [], "Sanjay": [], "Yuki": [], "Xiomara": [], "Itzel": [], "Emeka": [], "Ngozi": [], "Tevita": [],
    },
    last=[
        "Contreras", "Võ", "Đặng", "Huỳnh", "Wiśniewski", "Muñoz Rivas", "de los Santos", "von Braun", "O'Neill", "Lloyd-Price",
        "Carter", "Fields", "Green", "Long", "Price", "Campos", "Rojas", "Day", "Banks", "Ordóñez", "Zúñiga", "Jiménez", "Bùi",
        "Robinson", "Jackson", "Mensah", "Eze", "Khalil", "el-Amin", "Shevchenko", "Popova", "Lindqvist", "Böhm", "DiMarco",
        "MacDonald", "Salazar Vega", "Echeverría", "Villanueva", "Boudreaux", "Fontaine", "Nakamura", "Singh", "Reddy",
        "Lake", "Winter", "Parks", "Duarte", "Rey", "Blanco", "Cárdenas",
    ],
    ordinary={
        "Hùng", "Tomás", "Rosario", "Ruby", "Daisy", "Chance", "Sky", "June", "Angel", "Amparo", "Mercedes", "Consuelo", "Pilar", "Gene",
        "Frank", "Dawn", "Misty", "Autumn", "Trinity", "Jasmine", "Carter", "Fields", "Green", "Long", "Price", "Campos",
        "Rojas", "Day", "Banks", "Lake", "Winter", "Parks", "Rey", "Blanco",
    },
    outside=[
        "Sheila", "Gordon", "Marta", "Ramón", "Denise", "Alonzo", "Kim", "Inés", "Walter", "Yvette", "Ricardo", "Noah",
        "Claire", "Viktor", "Hanh", "Aliyah", "Estela", "Barry", "Phyllis", "Joaquín", "Tina", "Amir", "Rhonda", "Celeste",
    ],
    planted={
        "en": [
            "{} asked what a sponsor does.", "Felt less alone after talking with {}.", "Told us that {} had given him a ride.",
            "Yesterday {} and he cooked together.", "Worries about {} because of the weekend.", "{} came back after two weeks.",
            "Wrote a card for {} and for the staff.", "It was {} who spoke first.", "She disagrees with {} about medicine.",
            "When {} cried, the room stayed quiet.", "Shared a table with {}, then went out.", "Learned from {}: one day at a time.",
        ],
        "es": [
            "{} llegó tarde y pidió disculpas.", "Comió con {} y se sintió mejor.", "Escribió una carta para {}.",
            "Cuando {} lloró, todos guardaron silencio.", "Está de acuerdo con {} en lo del sueño.", "Ayer {} le prestó un libro.",
        ],
    },
    possessive=["Used {}'s idea of a morning list.", "He remembered {}’s words.", "{}'s coffee was too strong, they joked."],
    clean={
        "en": [
            "June was hard; July may be easier.", "Dawn is the best time for a run.", "Autumn leaves on the table, one for each strength.",
            "Chance plays a part, practice a bigger one.", "Sky and sea: we drew both.", "To be frank, the week was long.",
            "Price of the bus pass went up again.", "Fields near the lake were green after the winter.", "Long days, short nights.",
            "Banks were closed on Veterans Day.", "The day room was full, so we sat outside.", "An angel on the wall made her laugh.",
            "Misty morning, warm soup, quiet talk.", "Daisies from the yard stood in a jar.", "Green is the color that calms him.",
            "Met with the case worker from Lutheran Family Services.", "Lives near Jefferson Park with an aunt, {outside}.",
            "Mentioned a nephew named {outside} who plays the drums.", "Nurse {outside} changed the time of the visit.",
            "Saw {outside}, an old friend from Tacoma.", "Read a page from the Big Book.", "Sang along to Whitney Houston.",
            "Thinks about school at Portland Community College.", "Will call the Social Security office on Wednesday.",
            "Every Sunday she goes to Mass in Spanish.", "Wrote down: Eat. Sleep. Ask.", "Got a letter from Oregon Health Plan.",
            "Was late because the MAX train stood still.", "Hopes to see the Grand Canyon one day.", "Likes Star Wars and old Westerns.",
            "Carted boxes up three floors and felt strong.", "Walked along the Willamette River.",
        ],
        "es": [
            "El rey de la casa es el gato, dijo con risa.", "En junio cumple un año en el país.", "Campos verdes y cielo blanco en el dibujo.",
            "El amparo de su familia le da fuerza.", "Consuelo y calma: eso buscaba hoy.", "Un pilar de su semana es la caminata.",
            "Su tía {outside} le manda mensajes.", "La doctora {outside} cambió la cita.", "Fue al consulado de México en Portland.",
            "Reza el rosario por las noches.", "Le gusta la música de Juan Gabriel.", "Busca trabajo en el Mercado Central.",
            "Rojas eran las flores de la mesa.", "Hoy no quiso hablar y eso está bien.", "Viajó en autobús desde Texas.",
        ],
    },
    own=["{} listened and nodded.", "At the end {} named a hope.", "{} trajo una foto y la mostró."],
)  # fmt: skip
