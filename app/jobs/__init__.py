"""Work that outlives a page: tracking, copies for the browser, films, moved files.

Tracking one video, here (tracking_job) or as one of many (batch):

    Ask ──▶ tracking_ready ──▶ tracking_alone ──▶ tracking_work ──▶ tracking_store ──▶ Run
    what     compared with      one process        planning, then     one short
    is       what is in         at a time          a shard a chunk,   transaction,
    wanted   the study                             then identities    tracking_summary
             (like, arena_notes)                   (network_work, clock)

Tracking many, of which none stops another:

    folders, about_videos ──▶ batch ── Step ──▶ crew (processes here)      ──▶ steps: look, plan,
    which videos, and what    batch_video       dask_crew (a cluster)          segment a chunk,
    is known of them          one each          slurm (its jobs)               identify
                                │ how it stands
                                ▼
                              board ──▶ batch_record (a file), jobs (a table), batch_table (shown)

    ahead, estimate     what would be done, and how long that takes
    batch_process       a batch that a page starts

Other work of the pages:

    processes, progress    a process that outlives a page, and the file that tells how far it is
    proxy, proxy_files     a copy of a film that a browser plays
    preview_live           what tracking finds just now
    export_job             films and tables that take long
    relink                 films that were moved
"""
