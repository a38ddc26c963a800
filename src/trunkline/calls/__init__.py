"""Calls: a back-to-back user agent whose next step is decided by programs.

A *call* has a caller leg and any number of callee legs. A *program* hears what happens to them as events and
answers with verbs; nothing else here decides anything. Modules are cut by where an event comes from:

    invitation   a new INVITE: who calls, may it, which program runs the call
    uas, uac     the INVITE of a caller leg, and of a callee leg
    in_dialog    everything else within a dialog: BYE, re-INVITE, UPDATE, INFO, REFER, PRACK
    standalone   requests outside of dialogs that are not INVITE: MESSAGE, OPTIONS
    anchor       session descriptions and the media engine
    performing   verbs become what uas, uac and anchor do
"""
