"""The words everyone uses: money, odds, ids, states, time, errors. Imports nothing else of ours."""
