"""Our own word problems of three numbers: texts with places for names, things and numbers.

A rule says what is done with the other two numbers, what then with the last, and which is last:
``-/2`` is (first - second) / third.
"""

from __future__ import annotations

NAMES = ("ada", "ben", "carla", "dina", "emil", "farid", "gita", "hugo", "ida", "jonas", "kira",
         "lev", "mina", "noor", "otto", "priya", "quinn", "rosa", "sami", "tara")  # fmt: skip
THINGS = ("apples", "stamps", "books", "shells", "cards", "pens", "plums", "coins", "marbles",
          "stickers", "cookies", "flowers", "beads", "photos", "toys", "seeds")  # fmt: skip

TEMPLATES = (
    ("++2", "{name} found {0} {thing} on monday , {1} on tuesday and {2} on friday ."
            " how many {thing} did {name} find ?"),
    ("++2", "there are {0} {thing} in a box , {1} in a bag and {2} on the table ."
            " how many are there altogether ?"),
    ("+-2", "{name} had {0} {thing} and bought {1} more . then {name} gave {2} of them away ."
            " how many {thing} are left ?"),
    ("+-2", "a shop got {0} {thing} in the morning and {1} at noon . it sold {2} by the evening ."
            " how many were not sold ?"),
    ("+-2", "{name} has {0} red and {1} blue {thing} . {2} of them are broken ."
            " how many are whole ?"),
    ("-+2", "{name} had {0} {thing} . after losing {1} , {name} found {2} others ."
            " how many {thing} does {name} have now ?"),
    ("-+2", "of {0} {thing} in the shop {1} were sold , and {2} new ones came ."
            " how many are in the shop ?"),
    ("--2", "{name} baked {0} {thing} , ate {1} and sold {2} . how many are left ?"),
    ("--2", "a class of {0} children went out . {1} swam and {2} climbed ."
            " how many did neither ?"),
    ("+*2", "{name} has {0} red boxes and {1} blue boxes . each box holds {2} {thing} ."
            " how many {thing} does {name} have ?"),
    ("+*2", "{0} adults and {1} children go to the fair . each ticket costs {2} dollars ."
            " what do they pay ?"),
    ("+*2", "{name} read {0} chapters on monday and {1} on tuesday . a chapter has {2} pages ."
            " how many pages did {name} read ?"),
    ("+*0", "each of {0} friends has {1} {thing} and {2} coins ."
            " how many do they have in all ?"),
    ("+*0", "a train has {0} cars with {1} seats by the window and {2} others in each ."
            " how many seats are in the train ?"),
    ("-*2", "{name} had {0} boxes of {thing} and gave {1} of the boxes away . each box holds {2} ."
            " how many {thing} does {name} still have ?"),
    ("-*2", "of {0} lamps {1} do not work . {name} sells the others for {2} dollars each ."
            " how much does {name} earn ?"),
    ("-*0", "a ticket costs {0} dollars . {name} had {1} tickets and has {2} left ."
            " how many dollars did the sold tickets bring ?"),
    ("+/2", "{name} picked {0} {thing} and {1} more , and put {2} into each bag ."
            " how many bags were filled ?"),
    ("+/2", "{0} boys and {1} girls form teams of {2} . how many teams are there ?"),
    ("+/2", "{name} made {0} dollars in spring and {1} in summer . a game costs {2} dollars ."
            " how many games can {name} buy ?"),
    ("-/2", "{name} had {0} {thing} and lost {1} . the others go on shelves of {2} ."
            " how many shelves are needed ?"),
    ("-/2", "{0} people were invited and {1} did not come . tables seat {2} ."
            " how many tables are needed ?"),
    ("-/2", "of {0} dollars {name} spent {1} . toys cost {2} dollars each ."
            " how many toys can {name} buy with what is left ?"),
)  # fmt: skip
"""Pairs of a rule and a text."""
