/* Wine 8 lacks bcryptprimitives.dll, from which Go programs take their random
   numbers. This stands in for it in tests, over a function that Wine has. It is
   not part of anything that leaves this folder. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
	return SystemFunction036(data, (ULONG)length);
}
