"""Files of payments: what each step of the batch workflow does, and what is shown of it.

Every step may be repeated, at any time and beside another run over the same file, and then says the same again. What
holds it together:

* the batch's id follows from the object's version, a row's id from the row: a second run meets the rows of the first;
* a row is entered by one conditional write, and who entered it is read from the payment itself;
* what a range came to is judged by what is stored, never by who did it, and written over with the same words;
* nothing is added up in place: counts are summed from the ranges' outcomes, and the settled ones counted anew.
"""
