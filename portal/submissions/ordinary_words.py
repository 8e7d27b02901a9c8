"""Word lists for portal.submissions.guesses: first names, and what only looks like one."""

import re

# Common first names in the United Kingdom, without those that are ordinary words, months or chains
# (Will, Mark, Grace, May, Rose, Hope, Faith, Penny, Bill, Rob, Pat, Sue, Drew, Dean, Art, Iceland's own).
FIRST_NAMES = frozenset(
    """
    aaron abdul abigail adam adrian ahmed aisha alan alex alexander alfie ali alice alison amanda amir amy andre
    andrea andrew andy angela anita ann anna anne anthony antonio archie arthur ashley barbara barry becky ben
    benjamin bernard beth betty billy bob bobby brandon brenda brian bryan callum cameron carl carlos carol
    caroline catherine charles charlie charlotte chelsea cheryl chloe chris christian christina christopher claire
    clive colin connor courtney craig daisy damian dan daniel danielle danny darren dave david dawn deborah debbie
    denise dennis derek diane dominic donna dorothy dylan eddie edward eileen elaine elizabeth ella ellie emily
    emma eric ethan eve evie fatima fiona florence francesca frank freddie gareth gary gavin gemma geoff george
    georgia gerald gillian glen gloria gordon graham greg hannah harold harriet harry hassan hayley heather helen
    henry holly howard hugh ian ibrahim imran irene isaac isabella ivan jack jackie jacob jake james jamie jane
    janet janice jasmine jason jay jayden jean jeff jennifer jenny jeremy jerome jessica jim jimmy joan joanne joe
    joel john johnny jonathan jordan jose joseph josh joshua joyce juan judith judy julia julie justin karen kate
    katherine kathleen katie keith kelly ken kenneth kerry kevin khalid kieran kim kirsty kyle lauren laura leah
    lee leon leroy lesley leslie lewis liam linda lisa lloyd logan lorraine louise luca lucy luis luke lynn
    malcolm marcus margaret maria marie marilyn mario martin marvin mary mason matt matthew maureen megan mehmet
    melissa michael michelle mick mike miguel mohamed mohammad mohammed molly muhammad nadia naomi natalie natasha
    nathan neil nicholas nick nicola nigel noah nora norman oliver olivia oscar owen pamela patricia patrick paul
    paula pedro pete peter phil philip phoebe poppy rachel ralph raymond rebecca reece reggie richard rita robert
    robin roger ronald ronnie rory rosie ross roy russell ruth ryan sally sam samantha samuel sandra sarah scott
    sean sebastian sergio shane shannon sharon shaun sheila shirley simon sofia sophia sophie stacey stanley
    stella stephanie stephen steve steven stewart stuart susan suzanne sylvia tara taylor teresa terry theo
    theresa thomas tim timothy tina toby tom tommy tony tracey tracy trevor tyler tyrone valerie vanessa vera
    veronica victor vincent wayne wendy yasmin yusuf yvonne zac zach zara zoe
    """.split()
)
# Capitalised words that may follow "it is", "called" or "known as" without naming anybody.
ORDINARY = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december christmas easter boxing halloween ramadan police security the a an
    management manager control centre head store stores shop staff till tills aisle co council borough cctv
    mcdonalds london manchester birmingham leeds liverpool glasgow edinburgh cardiff bristol sheffield newcastle
    nottingham leicester north south east west high street station road team crime number nike adidas male female
    not no yes in on at always often usually only also very he she they we i unknown operation
    facebook snapchat whatsapp instagram tiktok ebay vinted gumtree uber deliveroo english british
    """.split()
)
_BRANDS = """
Abercrombie|Aldi|Alexander McQueen|Alfa Romeo|Ann Summers|Anna Sui|Armani|Asda|Ben & Jerry's|Ben and Jerry's|Ben Nevis|
Ben Sherman|Bobbi Brown|Bombay Sapphire|Boots|Calvin Klein|Captain Morgan|Carl Jr|Carolina Herrera|Charles Tyrwhitt|
Charlie Bigham's|Charlotte Tilbury|Chanel|Christian Dior|Christian Louboutin|Claire's|Coco Chanel|Colin the Caterpillar|
Daniel Wellington|David Austin|David Lloyd|Dave & Buster's|Dr Martens|Dr\\.? Martens|Dr Oetker|Dr Pepper|Dr Jart|
Elizabeth Arden|Elizabeth line|Emma Bridgewater|Estee Lauder|Famous Grouse|Frank Green|Fred Perry|Freddy's|
George at Asda|George Foreman|Georgia Coffee|Giorgio Armani|Gordon's|Greggs|H Samuel|Harry Potter|Harry's|Harvey Nichols|
Helly Hansen|Holly and Lil|Holland & Barrett|Hugo Boss|Jack & Jones|Jack and Jones|Jack Daniel['’]?s|Jack Wills|
James Wellbeloved|Jamie Oliver|Jean Paul Gaultier|Jim Beam|Jimmy Choo|Jo Malone|John Frieda|John Lewis|Johnnie Walker|
Johnson's|Jordan 1|Jordans?|Joe Browns|Joe & the Juice|Joules|Karl Lagerfeld|Karen Millen|Kate Spade|Katie Loxton|
Kelly bag|Kim Crawford|Kurt Geiger|Lee Cooper|Lewis's|Levi's|Liz Earle|Lloyds?|Luke 1977|Lynx|M&S|Marc Jacobs|
Marie Curie|Marks (?:&|and) Spencer|Martin & Co|Matthew Clark|Max Factor|Michael Kors|Miss Dior|Miss Selfridge|
Mr\\.? Kipling|Mr\\.? Muscle|Mr\\.? Porter|Mr\\.? Sheen|Mr\\.? Whippy|Mrs\\.? Elswood|Mrs\\.? Hinch|Molly Brown|
Neal's Yard|Next|Nick Jr|Oliver Bonas|Oscar Mayer|Paul Costelloe|Paul Mitchell|Paul Smith|Paul's Boutique|
Paco Rabanne|Peter Jones|Peter Rabbit|Peter Thomas Roth|Philip Kingsley|Philips?|Pret|Ralph Lauren|Ray-?Ban|
Robert Dyas|Robinsons|Russell & Bromley|Russell Hobbs|Ryanair|Sainsbury['’]?s|Samuel Smith|Sam Smith's|
Scott's|Sean John|Sebastian Professional|Simon's Cat|Stanley(?: [Kk]nife)?|Stella Artois|Stella McCartney|Superdrug|
Ted Baker|Terry's|Tesco|Thomas Cook|Thomas Sabo|Thomas the Tank Engine|Tia Maria|Tom Ford|Tommy Hilfiger|Tommee Tippee|
Tommy Jeans|TK Maxx|Tony's Chocolonely|Tyrrells|Uncle Ben's|Vera Wang|Victor Churchill|Victoria['’]?s Secret|
Vivienne Westwood|Waitrose|Walkers|Wayne Gretzky|WHSmith|WH Smith|Wilko|Yankee Candle|Yves Saint Laurent|Zara
"""
BRANDS = re.compile(r"\b(?:" + _BRANDS.replace("\n", "").strip("|") + r")(?!\w)")
